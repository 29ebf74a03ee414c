"""Where an index is (its origin), and what it takes there and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envbuilder.proxies import basic_authorization
from envbuilder.redact import TOKEN_SEGMENT

if TYPE_CHECKING:
    from envbuilder.redact import SafeUrl


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Key:
    """What an index takes at its own host: a header, a token in the path, or both."""

    origin: str
    path: str
    """Of the index, without the token."""
    authorization: str = field(default="")
    before: str = ""
    """The path before the token."""
    token: str = ""
    """``/t/TOKEN``, empty for none."""

    @classmethod
    def of(cls, index: SafeUrl) -> Key | None:
        """Return what is secret in an index's URL, None for nothing."""
        parts = urlsplit(index.secret)
        found = TOKEN_SEGMENT.search(parts.path)
        authorization = basic_authorization(parts.netloc)
        if not (authorization or found):
            return None
        before, token = (parts.path[: found.start()], found.group()) if found else ("", "")
        path = before + parts.path[len(before) + len(token) :]
        return cls(
            origin=origin_of(index.secret), path=path, authorization=authorization, before=before, token=token
        )

    def opened(self, url: str) -> str:
        """Return a URL of this host with the token where the index has it."""
        parts = urlsplit(url)
        after = parts.path[len(self.before) :]
        if not self.token or not parts.path.startswith(f"{self.before}/") or after.startswith(self.token):
            return url
        return parts._replace(path=self.before + self.token + after).geturl()


def origin_of(url: str) -> str:
    """Return scheme, host and port (RFC 6454) in lower case, a scheme's own port left out."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host.removesuffix({'http': ':80', 'https': ':443'}.get(parts.scheme, ' '))}"


def shared(one: str, other: str) -> int:
    """Return how many folders two paths have in common from the left."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), len(one))
