"""A conda environment file: channels, dependencies, the pip list, and every key that is left aside."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

from envbuilder import channels as known
from envbuilder.findings import Level, Origin
from envbuilder.reader import limits
from envbuilder.reader.channelfindings import report_channel, report_defaults
from envbuilder.reader.condaversion import pypi_specifier
from envbuilder.reader.folding import agree
from envbuilder.reader.gather import Refusal
from envbuilder.reader.lines import Line, without_comment
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.pythonversion import constraint
from envbuilder.reader.reading import Reading
from envbuilder.reader.references import (
    Reference,
    looks_like_reference,
    read_reference,
    report_expansion,
)  # fmt: skip
from envbuilder.reader.requirements import Wanted, read_lines
from envbuilder.reader.safeyaml import (
    Items,
    Mapping,
    Node,
    Scalar,
    is_absent,
    items_of,
    read_mapping,
    text_of,
)
from envbuilder.redact import excerpt, masked_url
from envbuilder.spec import (
    SEED_NAMES,
    Channel,
    CondaRequirement,
    DirectReference,
    PypiName,
    PypiRequirement,
    PythonRequest,
)  # fmt: skip

_KNOWN = (
    "channels",
    "dependencies",
    "name",
    "prefix",
    "variables",
    "platforms",
    "category",
    "channel_priority",
)
_PYTHON = re.compile(r"(?:.*::)?python[\s=<>!~]", re.IGNORECASE)
_HARMLESS_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaFile:
    """What a conda file asks for."""

    path: str
    python: PythonRequest | None = None
    seeds: tuple[PypiRequirement, ...] = ()
    conda: tuple[CondaRequirement, ...] = ()
    """Without python, pip, setuptools and wheel."""
    direct: tuple[DirectReference, ...] = ()
    """Packages of the conda dependencies by URL or path."""
    channels: tuple[Channel, ...] = ()
    pip: Wanted = field(default_factory=Wanted)


def read_conda_file(path: str, reading: Reading, origin: Origin | None = None) -> CondaFile:
    """Read a conda file; ``origin`` is the spot that names it. Raises Missing, or Refusal for the whole."""
    root = read_mapping(reading.text(path, origin), path)
    _report_keys(root, reading)
    channels = _channels(root, path, reading)
    dependencies = _Dependencies(path, reading)
    with reading.gathering.refusals():
        dependencies.read(items_of(root.get("dependencies"), "dependencies"))
    return dependencies.file(channels)


def _report_keys(root: Mapping, reading: Reading) -> None:
    for key, value in root.pairs:
        name = key.value
        if name in {"channels", "dependencies"}:
            continue
        if name not in _KNOWN:
            close = difflib.get_close_matches(name.casefold(), _KNOWN[:2], n=1)
            hint = f"did you mean {close[0]}?" if close else ""
            message = f"the key {excerpt(name)} is not known; what it holds is not read"
            reading.gathering.warn("input/unknown-key", message, key.origin, hint=hint, subject=excerpt(name))
        elif name != "name" or not _harmless(value):
            message = f"the key {name} has no meaning here: it is not followed"
            reading.gathering.note("input/ignored-key", message, key.origin, subject=name)


def _harmless(value: Node) -> bool:
    """Whether a name is one, not a path: every file of MLflow has ``name: mlflow-env``."""
    return isinstance(value, Scalar) and _HARMLESS_NAME.fullmatch(value.value) is not None


def _channels(root: Mapping, path: str, reading: Reading) -> tuple[Channel, ...]:
    node = root.get("channels")
    channels: list[Channel] = []
    if isinstance(node, Scalar):
        message = "channels is not a list; the one channel is taken"
        reading.gathering.warn("input/not-a-list", message, node.origin, hint="write it as a list")
        node = Items(items=(node,), origin=node.origin)
    with reading.gathering.refusals():
        for item in items_of(node, "channels"):
            with reading.gathering.refusals():
                channels.append(_channel(item, reading))
    if not channels:
        channels = [Channel(text=known.DEFAULTS)]
    report_defaults(tuple(channels), node.origin if node else Origin(file=path), reading.gathering)
    return tuple(channels)


def _channel(item: Node, reading: Reading) -> Channel:
    text = text_of(item, "a channel")
    if not text or len(text) > limits.URL_CHARACTERS:
        code = "input/too-long" if text else "input/empty"
        raise Refusal(code, f"a channel of {len(text)} characters", item.origin)
    report_channel(text, item.origin, reading.gathering)
    return Channel(text=masked_url(text), origin=item.origin)


class _Dependencies:
    """Reads the list of dependencies, item by item."""

    def __init__(self, path: str, reading: Reading) -> None:
        self._path = path
        self._reading = reading
        self._python: list[PythonRequest] = []
        self._seeds: list[PypiRequirement] = []
        self._conda: list[CondaRequirement] = []
        self._wishes: dict[str, dict[str, CondaRequirement]] = {}
        self._direct: list[DirectReference] = []
        self._lines: list[Line] = []

    def file(self, channels: tuple[Channel, ...]) -> CondaFile:
        return CondaFile(
            path=self._path,
            python=self._python[0] if self._python else None,
            seeds=tuple(self._seeds),
            conda=tuple(self._conda),
            direct=tuple(self._direct),
            channels=channels,
            pip=read_lines(self._lines, self._path, self._reading),
        )

    def read(self, items: tuple[Node, ...]) -> None:
        refusals = 0
        for item in items:
            try:
                self._item(item)
            except Refusal as refusal:  # noqa: PERF203 - each item may fail on its own
                self._reading.gathering.refuse(refusal)
                refusals += 1
                if refusals >= limits.REFUSALS_PER_FILE or refusal.code == "input/too-many":
                    return

    def _item(self, item: Node) -> None:
        if isinstance(item, Mapping):
            for key, value in item.pairs:
                self._part(key, value)
            return
        if is_absent(item):
            self._reading.gathering.note("input/empty", "an item without a text", item.origin)
            return
        text = without_comment(text_of(item, "a dependency"))
        if not text:
            return
        report_expansion(text, self._reading, item.origin)
        self._reading.count_requirement(item.origin)
        if "::" not in text and looks_like_reference(text):
            self._located(text, item.origin)
        else:
            self._spec(self._matchspec(text, item.origin))

    @staticmethod
    def _matchspec(text: str, origin: Origin) -> CondaRequirement:
        try:
            return read_matchspec(text, origin)
        except Refusal as refusal:
            if refusal.code != "input/malformed-requirement" or not _PYTHON.match(text):
                raise
            hint = "write it as `python=3.8`"
            raise Refusal("input/python-version", refusal.message, origin, hint=hint) from None

    def _part(self, key: Scalar, value: Node) -> None:
        if key.value != "pip":
            message = f"{excerpt(key.value)}: is not known among dependencies; what it holds is not read"
            self._reading.gathering.warn("input/unknown-key", message, key.origin, subject=excerpt(key.value))
            return
        for item in () if is_absent(value) else items_of(value, "pip"):
            if is_absent(item):
                continue
            text = without_comment(text_of(item, "a requirement"))
            if text:
                self._lines.append(Line(text=text, origin=item.origin))

    def _located(self, text: str, origin: Origin) -> None:
        report_channel(text, origin, self._reading.gathering, dependency=True)
        self._direct.append(read_reference(Reference(target=text, origin=origin), self._reading))

    def _spec(self, spec: CondaRequirement) -> None:
        if spec.channel:
            report_channel(spec.channel, spec.origin, self._reading.gathering, dependency=True)
        brackets = dict(spec.brackets)
        url = brackets.get("url")
        if url is not None:
            digest = brackets.get("md5") or brackets.get("sha256") or ""
            self._located(f"{url}#{digest}" if digest and "#" not in url else url, spec.origin)
        elif spec.name == "python":
            self._wish(spec)
        elif PypiName(spec.name) in SEED_NAMES:
            self._seeds.append(_seed(spec, self._reading))
        else:
            self._refuse_conflict(spec)
            self._conda.append(spec)

    def _refuse_conflict(self, spec: CondaRequirement) -> None:
        """Refuse a second line of a package that no version can meet together with the first."""
        wish = pypi_specifier(spec.version)
        others = self._wishes.setdefault(spec.name, {})
        if wish is None or wish in others:
            return
        if len(others) >= limits.CLAUSES:
            raise Refusal("input/too-many", f"more than {limits.CLAUSES} lines of {spec.name}", spec.origin)
        for earlier, other in others.items():
            if not agree(wish, earlier):
                message = f"{excerpt(spec.text)} contradicts {excerpt(other.text)} ({other.origin})"
                hint = "keep one of the two lines"
                raise Refusal("input/conflicting-requirement", message, spec.origin, hint=hint)
        others[wish] = spec

    def _wish(self, spec: CondaRequirement) -> None:
        text = constraint(spec.version, spec.origin)
        if not text:
            return
        if self._python and self._python[0].text != text:
            message = f"python {excerpt(text)} contradicts {self._python[0].text} above"
            raise Refusal("input/conflicting-requirement", message, spec.origin, hint="keep one of them")
        self._python.append(PythonRequest(text=text, build=spec.build, origin=spec.origin))


def _seed(spec: CondaRequirement, reading: Reading) -> PypiRequirement:
    # ``pip=20.2`` is a release of pip, of which no build varies: what conda matches by prefix is meant.
    specifier = pypi_specifier(spec.version)
    if specifier is None:
        message = f"{excerpt(spec.text)} has no counterpart on an index; any {spec.name} will do"
        reading.gathering.add(Level.NOTE, "input/files-disagree", message, spec.origin, subject=spec.name)
    return PypiRequirement(name=PypiName(spec.name), specifier=specifier or "", origin=spec.origin)
