"""Secrets masked by type, and untrusted text made safe for each kind of output."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

MASK = "****"

TOKEN_SEGMENT = re.compile(r"(/(?:t|%74|%54)(?:/|%2f))[^/?#]+", re.IGNORECASE)
# Bounded, so that a megabyte of letters costs no quadratic search; any start inside a longer word will do.
# A password may hold quotes (RFC 3986 allows them), a host may not: there they end a quoted URL.
_URL = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,30}:/{1,3}|(?<![\w:/])//)(?:[^\s/@'\"<>`]{1,256}:[^\s@<>]{1,256}@)?[^\s'\"<>`]+"
)
# Of a URL inside of another one. A quote in a password would end it for _URL; digits and a slash are a port.
_INNER_USER = re.compile(
    r"(?<=://)(?:[^\s/@'\"<>`:\[]{1,256}:(?![0-9]+/)[^\s@<>]{1,256}|(?!git@)[^\s/@'\"<>`:\[]{1,256})@"
)
_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_AUTHORITY = re.compile(r"(?P<before>(?:[A-Za-z][A-Za-z0-9+.-]*:)?/{1,3})(?P<rest>.*)", re.DOTALL)
_PORT = re.compile(r"[^:]*(?::[0-9]+)?|\[.*\](?::[0-9]+)?", re.DOTALL)
_SCP_USER = re.compile(r"(?<![\w/@.-])[\w.+-]{1,256}(?::[^\s@/]{1,256})?@(?=[\w.-]+[:/])")
_USER_AND_PASSWORD = re.compile(r"(?<![\w/@.*-])[\w.+-]{1,256}:[^\s@/]{1,256}@(?=[\w-])")
# Of a fragment, and of parameters in a path (RFC 3986, 3.3). Others stay: a marker may follow a semicolon.
_NAMED = re.compile(r"((?:token|password|passwd|secret|key|signature|sig)=)[^&;/?#]+", re.IGNORECASE)
_DIGEST_FRAGMENT = re.compile(r"(?:sha256|sha384|sha512|sha1|md5)=[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True, repr=False)
class SafeUrl:
    """A URL (or path) whose text never shows its credentials.

    ``str()`` and ``repr()`` mask passwords, lone user names (they are often tokens), ``/t/TOKEN/`` of conda
    servers, every query value, and what a path or a fragment calls a token. ``secret`` is for the process
    runner alone.
    """

    secret: str

    def __str__(self) -> str:
        return masked_url(self.secret)

    def __repr__(self) -> str:
        return f"SafeUrl({str(self)!r})"

    @property
    def stripped(self) -> str:
        """Without user, password, token and query; only a digest fragment stays. For locks and keys."""
        parts = _split(_without_users(self.secret))
        whole = _WHOLE.match(self.secret)
        if parts is None or not whole or not _PORT.fullmatch(parts.netloc.rpartition("@")[2]):
            return masked_url(self.secret)
        path = _NAMED.sub(r"\g<1>", TOKEN_SEGMENT.sub("", parts.path))
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
    """Return one URL with everything secret in it masked; what holds nothing secret stays as it is."""
    shown = _without_users(text)
    found = _HOST.match(shown)
    if found is None:
        return _SCP_USER.sub(f"{MASK}@", TOKEN_SEGMENT.sub(rf"\g<1>{MASK}", shown))
    # By hand: urlunsplit gives no text back as it was (``HTTPS:``, an empty query).
    rest, number_sign, fragment = shown[found.end() :].partition("#")
    path, question_mark, query = rest.partition("?")
    path = TOKEN_SEGMENT.sub(rf"\g<1>{MASK}", path)
    query = "&".join(map(_masked_pair, query.split("&")))
    path, fragment = (_NAMED.sub(rf"\g<1>{MASK}", part) for part in (path, fragment))
    return found[0] + path + question_mark + query + number_sign + fragment


def _without_users(text: str) -> str:
    """Mask what stands before the host, of the URL itself and of each that begins further inside."""
    found = _AUTHORITY.match(text)
    if found is None:
        return _masked_inside(text)
    shown, start = _without_user(text), len(found["before"])
    return shown[:start] + _INNER_USER.sub(f"{MASK}@", shown[start:])


def _without_user(text: str) -> str:
    """Mask what stands before the host, in URLs that no parser accepts too: those end up in messages."""
    found = _AUTHORITY.match(text)
    if found is None:
        return text
    before, rest = found["before"], found["rest"]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, _ = authority.rpartition("@")
    no_port = not _PORT.fullmatch(authority) or (
        ":" in authority and rest[len(authority) :][:1] in {"?", "#"}
    )
    if not at and no_port:
        # What follows the colon is no port: a password with a slash, question or number sign as it is.
        user, at, _ = rest.rpartition("@")
    # A lone user counts where a host must follow; ``git@`` is the public account name of every ssh forge.
    host_follows = before.endswith("//") and not before.endswith("///")
    if not at or user == "git" or (":" not in user and not host_follows):
        return text
    return f"{before}{MASK}@{rest[len(user) + 1 :]}"


def _masked_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value else (MASK if pair else pair)


def _masked_inside(text: str) -> str:
    """Return text with each URL that begins somewhere in it masked."""
    return _URL.sub(lambda match: masked_url(match.group()), _INNER_USER.sub(f"{MASK}@", text))


def masked(text: str) -> str:
    """Return free text (a log, a tool's output) with every URL and every ``user:password@`` in it masked."""
    return _USER_AND_PASSWORD.sub(f"{MASK}@", _masked_inside(text))


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
