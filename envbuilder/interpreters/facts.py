"""What is known of each interpreter, kept between runs: one small file, true as long as the binaries are."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envbuilder.environment import Interpreter
from envbuilder.interpreters.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA = 1

_TEXTS = tuple(field.name for field in fields(Interpreter))


@dataclass(frozen=True, slots=True)
class _Entry:
    interpreter: Interpreter
    stamps: tuple[tuple[str, int, int], ...]
    """Path, mtime in nanoseconds and size of every file that the answer depends on."""


class Facts:
    """A cache in front of ``probe``. A file that is missing, damaged or of another host is an empty cache.

    The file is only ever replaced as a whole. That it cannot be written is no error: the next run asks
    the interpreters again, at 0.02 s each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read(path)
        self._changed = False

    def of(self, executable: Path, *, source: str) -> Interpreter:
        """Return what an executable is, asking it only if it is not known. Raises Unfit."""
        key = str(executable)
        known = self._entries.get(key)
        if known and known.stamps == _stamps(Path(stamp[0]) for stamp in known.stamps):
            # The same binary may be found in another place the next time.
            where = known.interpreter.source
            return known.interpreter if where == "conda" else replace(known.interpreter, source=source)
        interpreter, files = probe(executable, source=source)
        self._entries[key] = _Entry(interpreter, _stamps((executable, *files)))
        self._changed = True
        return interpreter

    def save(self) -> None:
        """Write what was learned, if anything."""
        if not self._changed:
            return
        document = {
            "schema": SCHEMA,
            "host": _host(),
            "executables": {key: _written(entry) for key, entry in sorted(self._entries.items())},
        }
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
            temporary.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
        self._changed = False


def _host() -> str:
    """What may change under an unchanged binary: the C library's or the system's version."""
    library = " ".join(platform.libc_ver())
    return f"{platform.machine()} {library} {platform.mac_ver()[0]}".strip()


def _stamps(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    return tuple(_stamp(file) for file in dict.fromkeys(files))


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
    except OSError:
        return str(file), 0, -1
    return str(file), status.st_mtime_ns, status.st_size


def _written(entry: _Entry) -> dict[str, object]:
    facts = {name: str(value) for name, value in asdict(entry.interpreter).items()}
    return {"facts": facts, "files": entry.stamps}


def _read(path: Path) -> dict[str, _Entry]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA or document["host"] != _host():
            return {}
        return {key: _entry(value) for key, value in document["executables"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _entry(value: Mapping[str, Any]) -> _Entry:
    facts = {name: str(value["facts"][name]) for name in _TEXTS}
    paths = {name: Path(facts.pop(name)) for name in ("path", "binary")}
    stamps = tuple((str(path), int(mtime), int(size)) for path, mtime, size in value["files"])
    if not stamps:
        raise ValueError(value)
    return _Entry(Interpreter(**paths, **facts), stamps)  # type: ignore[arg-type]
