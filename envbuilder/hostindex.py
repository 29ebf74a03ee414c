"""The package index that this host is configured with, where no variable names one.

Our tools run without any configuration file, so that no file that happens to lie about can steer them; what
the host's owner configured for pip or uv must then be read here, or it would be passed over in silence.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 1024 * 1024
"""Bytes of a configuration file; a real one has a few hundred."""

SYSTEM = Path("/etc")


def configured_index(environ: Mapping[str, str], home: Path, *, system: Path = SYSTEM) -> str | None:
    """Return the default index of uv's configuration, else of pip's; None where neither names one.

    The user's files come before the system's (uv: "Configuration files"; pip: "Configuration"). A file that
    cannot be read or understood names nothing: its own tool complains about it.
    """
    for path in _uv_files(environ, home, system):
        index = _uv_index(path)
        if index:
            return index
    for path in _pip_files(environ, home, system):
        index = _pip_index(path)
        if index:
            return index
    return None


def configuration_files(environ: Mapping[str, str], home: Path, *, system: Path = SYSTEM) -> tuple[Path, ...]:
    """Return every file that configured_index() may read, whether it is there or not."""
    return (*_uv_files(environ, home, system), *_pip_files(environ, home, system))


def _uv_files(environ: Mapping[str, str], home: Path, system: Path) -> Iterator[Path]:
    if environ.get("UV_CONFIG_FILE"):
        yield Path(environ["UV_CONFIG_FILE"])
        return
    yield _configuration(environ, home) / "uv" / "uv.toml"
    yield system / "uv" / "uv.toml"


def _pip_files(environ: Mapping[str, str], home: Path, system: Path) -> Iterator[Path]:
    if environ.get("PIP_CONFIG_FILE"):
        yield Path(environ["PIP_CONFIG_FILE"])
    yield _configuration(environ, home) / "pip" / "pip.conf"
    yield home / ".pip" / "pip.conf"
    yield system / "pip.conf"
    yield system / "xdg" / "pip" / "pip.conf"


def _configuration(environ: Mapping[str, str], home: Path) -> Path:
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _uv_index(path: Path) -> str | None:
    text = _text(path)
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


def _pip_index(path: Path) -> str | None:
    text = _text(path)
    if "index-url" not in text:
        return None
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    named = (parser.get(section, "index-url", fallback="") for section in ("install", "global"))
    return next((url.strip() for url in named if url.strip()), None)
