"""Secrets masked by type, and untrusted text made safe for each kind of output."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

MASK = "****"

_TOKEN_SEGMENT = re.compile(r"(/t/)[^/?#]+", re.IGNORECASE)
# Bounded, so that a megabyte of letters costs no quadratic search; any start inside a longer word will do.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"<>`]+")
_SCP_USER = re.compile(r"(?<![\w/@.-])[\w.+-]{1,256}(?::[^\s@/]{1,256})?@(?=[\w.-]+[:/])")
_USER_AND_PASSWORD = re.compile(r"(?<![\w/@.*-])[\w.+-]{1,256}:[^\s@/]{1,256}@(?=[\w-])")
_DIGEST_FRAGMENT = re.compile(r"(?:sha256|sha384|sha512|sha1|md5)=[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True, repr=False)
class SafeUrl:
    """A URL (or path) whose text never shows its credentials.

    ``str()`` and ``repr()`` mask passwords, lone user names (they are often tokens), ``/t/TOKEN/`` of
    conda servers and every query value. ``secret`` is for the process runner alone.
    """

    secret: str

    def __str__(self) -> str:
        return masked_url(self.secret)

    def __repr__(self) -> str:
        return f"SafeUrl({str(self)!r})"

    @property
    def stripped(self) -> str:
        """Without user, password, token and query; only a digest fragment stays. For locks and keys."""
        parts = _split(self.secret)
        if parts is None or "://" not in self.secret:
            return masked_url(self.secret)
        path = _TOKEN_SEGMENT.sub("", parts.path)
        fragment = parts.fragment if _DIGEST_FRAGMENT.fullmatch(parts.fragment) else ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", fragment))

    @property
    def has_credentials(self) -> bool:
        """Whether masking hides anything."""
        return masked_url(self.secret) != self.secret


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


def masked_url(text: str) -> str:
    """Return one URL with everything secret in it masked; text that is no URL stays as it is."""
    parts = _split(text)
    if parts is None or not parts.scheme or "://" not in text:
        return _SCP_USER.sub(f"{MASK}@", _TOKEN_SEGMENT.sub(rf"\g<1>{MASK}", text))
    netloc = parts.netloc
    if "@" in netloc:
        userinfo, _, host = netloc.rpartition("@")
        # ``git@`` is the public account name of every ssh forge, not a secret.
        netloc = f"{userinfo}@{host}" if userinfo == "git" else f"{MASK}@{host}"
    path = _TOKEN_SEGMENT.sub(rf"\g<1>{MASK}", parts.path)
    query = "&".join(_masked_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    fragment = re.sub(r"(?i)((?:token|password|secret|key)=)[^&]*", rf"\g<1>{MASK}", parts.fragment)
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def _masked_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value else (MASK if pair else pair)


def masked(text: str) -> str:
    """Return free text (a log, a tool's output) with every URL and every ``user:password@`` in it masked."""
    return _USER_AND_PASSWORD.sub(f"{MASK}@", _URL.sub(lambda match: masked_url(match.group()), text))


def visible(text: str, *, newlines: bool = False) -> str:
    """Return untrusted text for a terminal: controls, bidi and invisible characters as escapes.

    Keeps letters of every script; with ``newlines`` also line feeds and tabs.
    """
    return "".join(c if _shows(c) or (newlines and c in "\n\t") else _escape(c) for c in text)


def _shows(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def excerpt(text: str, limit: int = 80) -> str:
    """Return untrusted text fit for a one-line message: masked, visible, cut with an ellipsis."""
    # Masked before it is cut: half a URL does not show where its credentials end.
    shown = visible(masked(text[:65536]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
