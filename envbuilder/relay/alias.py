"""The host under which a tool knows an index that has secrets.

That host does not exist (RFC 6761 reserves ``.invalid``): should a tool go round its proxy, it finds nobody.
It is always the same for the same index, so that what the tool caches by URL keeps its meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from envbuilder.digests import digest
from envbuilder.origins import Key, origin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.redact import SafeUrl

FILES = re.compile(r".+\.(?:whl|egg|zip|tgz|tar\.(?:gz|bz2|xz))(?:\.metadata|\.asc)?", re.IGNORECASE)
"""What package files are called (PEP 427, 625, 658), and what they were."""

_FOLDERS = re.compile(r"[/\\]|%2f|%5c", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """The origin (RFC 6454) of one or more indexes, and its name for tools."""

    origin: str
    host: str
    roots: tuple[str, ...]
    """The paths of the indexes there, each with a slash at its end."""
    tokens: tuple[str, ...] = field(default=(), repr=False)
    """``/t/TOKEN`` of each index that has one."""

    @property
    def url(self) -> str:
        """The origin as the tool knows it."""
        return f"http://{self.host}"

    def index(self, url: SafeUrl) -> str:
        """Return the URL of one of these indexes for a tool."""
        return self.url + _path(url)

    def allows(self, path: str) -> bool:
        """Whether credentials may be used for a path: pages of the indexes, and package files of their host.

        No index tells beforehand where it keeps its files, only their names are known. Whatever else the
        account may read on that host stays out of a build's reach.
        """
        folders = [unquote(folder) for folder in _FOLDERS.split(path)]
        if any(folder in (".", "..") or ";" in folder for folder in folders):
            return False
        return path.startswith(self.roots) or f"{path}/" in self.roots or is_file(path)

    def shown(self, text: str) -> str:
        """Return a text with the origin's URLs as the tool is to know them, and nothing secret in them."""
        scheme, _, host = self.origin.partition("://")
        port = ":443" if scheme == "https" else ":80"
        # JSON may escape a slash.
        pattern = rf"{scheme}:(\\?/\\?/)(?:[^/@\s\"'<>\\]*@)?{re.escape(host)}(?:{port})?(?![\w.:-])"
        text = re.sub(pattern, rf"http:\g<1>{self.host}", text, flags=re.IGNORECASE)
        for token in self.tokens:
            text = text.replace(token, "").replace(token.replace("/", r"\/"), "")
        return text

    def real(self, text: str) -> str:
        """Return what a tool says, with the origin under its own name."""
        return text.replace(self.url, self.origin).replace(self.host, self.origin.partition("://")[2])


def is_file(path: str) -> bool:
    """Whether the path of a URL names a package file."""
    return FILES.fullmatch(path.rpartition("/")[2]) is not None


def aliases_of(indexes: Sequence[SafeUrl]) -> tuple[Alias, ...]:
    """Return one alias for each origin at which an index has a secret."""
    keys = [key for index in indexes if (key := Key.of(index))]
    return tuple(
        Alias(
            origin=origin,
            host=f"{digest(origin)[:24]}.index.invalid",
            roots=tuple(_path(url).rstrip("/") + "/" for url in indexes if origin_of(url.secret) == origin),
            tokens=tuple(key.token for key in keys if key.origin == origin and key.token),
        )
        for origin in dict.fromkeys(key.origin for key in keys)
    )


def _path(url: SafeUrl) -> str:
    return urlsplit(url.stripped).path
