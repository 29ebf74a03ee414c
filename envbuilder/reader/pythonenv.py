"""MLflow's python_env.yaml: the Python, the build dependencies, and the requirement lines."""

from __future__ import annotations

from dataclasses import dataclass, field

from envbuilder.findings import Origin
from envbuilder.reader.lines import Line, without_comment
from envbuilder.reader.pythonversion import plain_version
from envbuilder.reader.reading import Reading
from envbuilder.reader.requirements import Wanted, read_lines
from envbuilder.reader.safeyaml import Mapping, is_absent, items_of, read_mapping, text_of
from envbuilder.redact import excerpt
from envbuilder.spec import PythonRequest

_KNOWN = ("python", "build_dependencies", "dependencies")


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonEnv:
    """What a python_env.yaml asks for. Its includes are read."""

    path: str
    python: PythonRequest | None = None
    build: Wanted = field(default_factory=Wanted)
    wanted: Wanted = field(default_factory=Wanted)


def read_python_env(path: str, reading: Reading, origin: Origin | None = None) -> PythonEnv:
    """Read the file; ``origin`` is the spot that names it. Raises Missing, or Refusal for the whole."""
    root = read_mapping(reading.text(path, origin), path)
    for key, _ in root.pairs:
        if key.value not in _KNOWN:
            message = f"the key {excerpt(key.value)} is not known; what it holds is not read"
            reading.gathering.warn("input/unknown-key", message, key.origin, subject=excerpt(key.value))
    python = None
    with reading.gathering.refusals():
        python = _python(root)
    build = read_lines(_lines(root, "build_dependencies", reading), path, reading, lenient=True)
    wanted = read_lines(_lines(root, "dependencies", reading), path, reading, lenient=True)
    return PythonEnv(path=path, python=python, build=build, wanted=wanted)


def _python(root: Mapping) -> PythonRequest | None:
    node = root.get("python")
    if node is None:
        return None
    return PythonRequest(text=plain_version(text_of(node, "python"), node.origin), origin=node.origin)


def _lines(root: Mapping, key: str, reading: Reading) -> tuple[Line, ...]:
    lines: list[Line] = []
    with reading.gathering.refusals():
        for item in items_of(root.get(key), key):
            with reading.gathering.refusals():
                text = "" if is_absent(item) else without_comment(text_of(item, "a requirement"))
                if text:
                    lines.append(Line(text=text, origin=item.origin))
    return tuple(lines)
