"""The package index that this host is configured with, where no variable names one.

Our tools run without any configuration file, so that no file that happens to lie about can steer them; what
the host's owner configured for pip or uv must then be read here, or it would be passed over in silence.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envbuilder.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM = Path("/etc")


def configured_index(environ: Mapping[str, str], home: Path, *, system: Path = SYSTEM) -> str | None:
    """Return the default index of uv's configuration, else of pip's; None where neither names one.

    The user's files come before the system's (uv: "Configuration files"; pip: "Configuration"). A file that
    cannot be read or understood names nothing: its own tool complains about it.
    """
    for files, understood in ((_uv_files, _UV), (_pip_files, _PIP)):
        for path in files(environ, home, system):
            # ValueError: a NUL in a name that a variable gave.
            with contextlib.suppress(OSError, ValueError):
                index = understood.of(str(path))
                if index:
                    return index
    return None


def configuration_files(environ: Mapping[str, str], home: Path, *, system: Path = SYSTEM) -> tuple[Path, ...]:
    """Return every file that configured_index() may read, whether it is there or not."""
    return (*_uv_files(environ, home, system), *_pip_files(environ, home, system))


def _uv_files(environ: Mapping[str, str], home: Path, system: Path) -> tuple[Path, ...]:
    return _uv_places(environ.get("UV_CONFIG_FILE"), environ.get("XDG_CONFIG_HOME"), home, system)


def _pip_files(environ: Mapping[str, str], home: Path, system: Path) -> tuple[Path, ...]:
    return _pip_places(environ.get("PIP_CONFIG_FILE"), environ.get("XDG_CONFIG_HOME"), home, system)


@functools.lru_cache(maxsize=8)
def _uv_places(named: str | None, xdg: str | None, home: Path, system: Path) -> tuple[Path, ...]:
    if named:
        return (Path(named),)
    return Path(xdg or home / ".config") / "uv" / "uv.toml", system / "uv" / "uv.toml"


@functools.lru_cache(maxsize=8)
def _pip_places(named: str | None, xdg: str | None, home: Path, system: Path) -> tuple[Path, ...]:
    return (
        *([Path(named)] if named else []),
        Path(xdg or home / ".config") / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        system / "pip.conf",
        system / "xdg" / "pip" / "pip.conf",
    )


def _uv_index(content: bytes) -> str | None:
    text = content.decode("utf-8", "replace")
    if "index" not in text:
        return None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    indexes = table.get("index")
    marked = [item for item in indexes if isinstance(item, dict)] if isinstance(indexes, list) else []
    named: list[Any] = [item.get("url") for item in marked if item.get("default") is True]
    pip = table.get("pip")
    named += [table.get("index-url"), pip.get("index-url") if isinstance(pip, dict) else None]
    return next((url for url in named if isinstance(url, str) and url), None)


def _pip_index(content: bytes) -> str | None:
    text = content.decode("utf-8", "replace")
    if not any(line.lstrip().lower().startswith("index-url") for line in text.splitlines()):
        return None
    import configparser  # it costs more than a whole hit

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    named = (parser.get(section, "index-url", fallback="") for section in ("install", "global"))
    return next((url.strip() for url in named if url.strip()), None)


_UV, _PIP = Remembered(_uv_index), Remembered(_pip_index)
