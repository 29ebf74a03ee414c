"""What is known about conda channels by their text alone: which are licensed, local, or fetched openly.

Licensed are the channels of Anaconda's own repository, under every name they go by (terms of service of
its hosts): ``defaults``, ``main``, ``r``, ``msys2``, the archived siblings, ``anaconda`` and its like on
the community host, ``pkgs/…``, and mirrors of those. Community channels such as conda-forge are free.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from urllib.parse import unquote

from envbuilder.redact import SafeUrl

CONDA_FORGE = "conda-forge"
NODEFAULTS = "nodefaults"
DEFAULTS = "defaults"

RESTRICTED_NAMES = frozenset(
    {"defaults", "anaconda", "main", "r", "msys2", "free", "pro", "archive", "mro", "mro-archive"}
)
_REPOSITORY_FOLDERS = RESTRICTED_NAMES - {"defaults", "anaconda"}
_RESTRICTED_HOSTS = frozenset(
    {"repo.anaconda.com", "repo.continuum.io", "repo.anaconda.cloud", "repo.anaconda.org"}
)
COMMUNITY_HOST = "conda.anaconda.org"
_COMMUNITY_HOSTS = frozenset({COMMUNITY_HOST, "anaconda.org", "conda.binstar.org", "binstar.org"})

SUBDIRS = frozenset(
    {
        "noarch", "linux-64", "linux-32", "linux-aarch64", "linux-armv6l", "linux-armv7l", "linux-ppc64",
        "linux-ppc64le", "linux-riscv32", "linux-riscv64", "linux-s390x", "osx-64", "osx-arm64", "win-32",
        "win-64", "win-arm64", "emscripten-wasm32", "wasi-wasm32", "freebsd-64", "zos-z",
    }
)  # fmt: skip

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?:/*)(?P<rest>.*)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_FOLDER = re.compile(r"(?:[A-Za-z0-9._~+-]|%[0-9A-Fa-f]{2})+")
_NETLOC = re.compile(r"(?:(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)?")
_EXPANSION = re.compile(r"\$\{|\$[A-Za-z_]|%[A-Za-z_][A-Za-z0-9_]*%")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelParts:
    """A channel's text taken apart: no credentials, token, subdir, query; all in lower case."""

    scheme: str
    host: str
    """Empty for a channel that is named, not located."""
    path: tuple[str, ...]
    """The name and its label, or the folders of the URL."""


def parts_of(text: str) -> ChannelParts:
    """Return the parts of a channel as people write it: a name, a URL, or a host without a scheme."""
    found = None if _DRIVE.match(text.strip()) else _SCHEME.fullmatch(text.strip())
    scheme = found["scheme"].lower() if found else ""
    rest = (found["rest"] if found else text.strip()).replace("\\", "/")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    segments = [unquote(segment).strip().lower() for segment in rest.split("/")]
    host = ""
    if scheme not in {"", "file"} or _is_known_host(segments[0]):
        host = _host(segments.pop(0))
    return ChannelParts(scheme=scheme, host=host, path=_without_extras(segments))


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2].partition(":")[0].rstrip(".")


def _is_known_host(segment: str) -> bool:
    return _host(segment) in _RESTRICTED_HOSTS | _COMMUNITY_HOSTS


def _without_extras(segments: list[str]) -> tuple[str, ...]:
    """The segments without empty ones, the token of ``/t/TOKEN/`` and a platform at the end."""
    kept = [segment for segment in segments if segment not in {"", "."}]
    if "t" in kept[:-1]:
        at = kept.index("t")
        del kept[at : at + 2]
    if kept and kept[-1] in SUBDIRS:
        kept.pop()
    return tuple(kept)


def restricted(text: str) -> bool:
    """Whether a channel, by name or URL, is one of Anaconda's licensed ones or a mirror of one.

    Case, credentials, tokens, labels, platforms, a trailing slash and percent escapes don't matter;
    a masked text (``redact.masked_url``) gives the same answer as the secret one.
    """
    parts = parts_of(text)
    if parts.host in _RESTRICTED_HOSTS or parts.host.endswith(tuple(f".{h}" for h in _RESTRICTED_HOSTS)):
        return True
    if _holds_repository(parts.path):
        return True
    if parts.host and parts.host not in _COMMUNITY_HOSTS:
        return False
    if parts.scheme == "file":
        return False
    return bool(parts.path) and (parts.path[0] in RESTRICTED_NAMES or parts.path[0] == "pkgs")


def _holds_repository(path: tuple[str, ...]) -> bool:
    """Whether folders are those of a mirror: ``…/pkgs/main``, or ``…/cloud/anaconda`` of big mirrors."""
    for parent, child in itertools.pairwise(path):
        if parent == "pkgs" and child in _REPOSITORY_FOLDERS:
            return True
        if parent == "cloud" and child in RESTRICTED_NAMES:
            return True
    return False


def excludes_defaults(text: str) -> bool:
    """Whether a channel item is conda's ``nodefaults``."""
    return text.strip().lower() == NODEFAULTS


def local(text: str) -> bool:
    """Whether a channel is a place on the disk: a path, a ``file:`` URL, or conda's ``local``."""
    shown = text.strip()
    if shown.lower() == "local" or shown.startswith(("/", "\\", "~", ".")) or _DRIVE.match(shown):
        return True
    return shown.lower().startswith("file:") or "\\" in shown or ".." in re.split(r"[/\\]", unquote(shown))


def insecure(text: str) -> bool:
    """Whether a channel is fetched without TLS."""
    return parts_of(text).scheme in {"http", "ftp"}


def expands(text: str) -> bool:
    """Whether conda would put environment variables into the text (``$VAR``, ``${VAR}``, ``%VAR%``)."""
    return _EXPANSION.search(text) is not None


def location(text: str) -> str | None:
    """Return the one URL of a channel, without credentials, token, platform, query and a slash at its end.

    Names and the names of the community host's other addresses become that host's
    (``https://conda.anaconda.org/conda-forge``). None for a place on the disk, and for what is no channel.
    """
    parts = parts_of(text)
    if local(text) or parts.scheme not in {"", "http", "https"}:
        return None
    shown = SafeUrl(re.split(r"[?#]", text.strip().replace("\\", "/"), maxsplit=1)[0]).stripped
    found = _SCHEME.fullmatch(shown)
    segments = (found["rest"] if found else shown).split("/")
    netloc = segments.pop(0).rpartition("@")[2].lower() if parts.host else ""
    folders = _folders(segments)
    if not all(map(_FOLDER.fullmatch, folders)) or not _NETLOC.fullmatch(netloc):
        return None
    if netloc and _host(netloc) not in _COMMUNITY_HOSTS:
        return "/".join([f"{parts.scheme or 'https'}://{netloc}", *folders])
    return f"https://{COMMUNITY_HOST}/{'/'.join([folders[0].lower(), *folders[1:]])}" if folders else None


def _folders(segments: list[str]) -> list[str]:
    """The segments of a channel in their own case, without tokens and platforms, as ``parts_of`` has them."""
    kept = [segment.strip() for segment in segments if segment.strip() not in {"", "."}]
    lowered = [unquote(segment).strip().lower() for segment in kept]
    while "t" in lowered[:-1]:
        at = lowered.index("t")
        del kept[at : at + 2], lowered[at : at + 2]
    while lowered and lowered[-1] in SUBDIRS:
        del kept[-1], lowered[-1]
    return kept


def on_community_host(text: str) -> bool:
    """Whether a channel is one of the community host, where names without a host stand."""
    parts = parts_of(text)
    return not local(text) and (parts.host in _COMMUNITY_HOSTS or not (parts.host or parts.scheme))


def canonical(text: str) -> str:
    """Return one text for all spellings of a channel, to see duplicates: ``conda-forge``, ``host/path``.

    What conda takes for a channel of the name ``nodefaults`` is not the word that excludes the default ones.
    """
    parts = parts_of(text)
    name = "/".join(parts.path)
    if name == NODEFAULTS and not excludes_defaults(text):
        return f"{COMMUNITY_HOST}/{name}"
    if parts.host in _COMMUNITY_HOSTS or not (parts.host or parts.scheme):
        return name
    return f"{parts.host}/{name}" if parts.host else f"{parts.scheme}:{name}"
