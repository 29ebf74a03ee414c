"""Direct references: requirements by URL, version control, path or ``-e``, and what is wrong with them.

They are data here. A form that no policy could ever open (another protocol than https, http and git; a
place outside the model; a text that becomes an option of git or ssh) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from packaging.utils import canonicalize_name

from envbuilder.findings import Level, Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import inner_path
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.reader.reading import Reading
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.spec import DirectReference, PypiName, ReferenceKind

ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tbz", ".txz", ".tar", ".egg")
_CONDA_ARCHIVES = (".conda",)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SCP = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9._-]+:")
_GIT_TRANSPORTS = frozenset({"git+https", "git+http", "git+ssh", "git+git"})
_OPEN_TRANSPORTS = frozenset({"http", "git+http", "git+git"})
_EXPANSION = re.compile(r"\$\{[A-Za-z0-9_]+\}")
_BAD_CHARACTERS = re.compile(r"[\s\\\x00-\x20\x7f]")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?")
_DIGEST = re.compile(r"(sha256|sha384|sha512|sha1|md5|sha224)=([0-9a-fA-F]+)")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")

DIRECT_HINT = "put the package on an index, or open it in the policy's [sources]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A direct reference as it stands in a line, taken apart but not judged."""

    target: str
    name: PypiName | None = None
    editable: bool = False
    marker: str = ""
    extras: tuple[str, ...] = ()
    digest: str = ""
    base: str = ""
    """The folder that a path is relative to."""
    origin: Origin


def report_expansion(text: str, reading: Reading, origin: Origin) -> None:
    """Report ``${VAR}`` anywhere in a line: pip, uv and conda would put the host's variable there."""
    found = _EXPANSION.search(text)
    if found:
        reading.gathering.add(
            Level.ERROR,
            "source/env-expansion",
            f"{found[0]} stands for a variable of whoever installs; it is never expanded here",
            origin,
            hint="write the value, or configure the index on the host",
            subject=found[0],
        )


def looks_like_reference(text: str) -> bool:
    """Whether a line (without options) is a URL or a path, not a name."""
    head = re.split(r"[\s;@\[=<>!~]", text, maxsplit=1)[0]
    scheme = _SCHEME.match(text)
    if scheme and ("+" in scheme[1] or scheme[1].lower() == "file" or text[scheme.end() :].startswith("//")):
        return True
    if text.startswith((".", "/", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]", text):
        return True
    return "/" in head or "\\" in head or head.lower().endswith(ARCHIVES + _CONDA_ARCHIVES)


def read_reference(reference: Reference, reading: Reading) -> DirectReference:
    """Return a reference as data, with its findings reported.

    Raises Refusal: ``input/url-scheme``, ``url-malformed``, ``path-escape``, ``too-long``, ``symlink``.
    """
    target, origin = reference.target, reference.origin
    if not target or _SCP.match(target):
        raise _malformed(target, "it has no scheme" if target else "it is empty", origin)
    if len(target) > limits.URL_CHARACTERS:
        raise Refusal("input/too-long", f"a URL of {len(target)} characters", origin)
    scheme = _SCHEME.match(target)
    if _EXPANSION.search(target):
        kind = ReferenceKind.VCS if "+" in target.partition("$")[0] else ReferenceKind.ARCHIVE
        return _located(reference, kind, reading)
    if scheme is None or scheme[1].lower() == "file":
        return _path(reference, reading)
    name = scheme[1].lower()
    if name in {"http", "https"}:
        _checked_url(target, origin)
        return _located(reference, ReferenceKind.ARCHIVE, reading)
    if name in _GIT_TRANSPORTS:
        _check_ref(_checked_url(target, origin), origin)
        return _located(reference, ReferenceKind.VCS, reading)
    if name == "git+file":
        inner_path(target.partition(":")[2], origin)
    raise Refusal(
        "input/url-scheme",
        f"{excerpt(scheme[1], 40)}: is no way to fetch a package",
        origin,
        hint="only https, http and git over https, http or ssh are known",
    )


def _checked_url(target: str, origin: Origin) -> SplitResult:
    try:
        parts = urlsplit(target)
        host, user, _ = parts.hostname or "", parts.username or "", parts.port
    except ValueError:
        raise _malformed(target, "it cannot be taken apart", origin) from None
    plain = unquote(target)
    if _BAD_CHARACTERS.search(target) or not plain.isprintable():
        raise _malformed(target, "it holds blanks, backslashes or hidden characters", origin)
    if not host or not re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", unquote(host)):
        raise _malformed(target, "it names no host", origin)
    if unquote(host).startswith("-") or unquote(user).startswith("-"):
        raise _malformed(target, "its host would be read as an option", origin)
    return parts


def _check_ref(parts: SplitResult, origin: Origin) -> None:
    ref = unquote(_ref_of(parts))
    if ref.startswith("-"):
        raise _malformed(ref, "its revision would be read as an option", origin)
    folder = re.search(r"(?:^|&)subdirectory=([^&]*)", parts.fragment)
    if folder:
        inner_path(unquote(folder[1]), origin)


def _malformed(target: str, why: str, origin: Origin) -> Refusal:
    return Refusal("input/url-malformed", f"{excerpt(target)} is no URL to fetch from: {why}", origin)


def _ref_of(parts: SplitResult) -> str:
    return parts.path.rpartition("@")[2] if "@" in parts.path else ""


def _located(reference: Reference, kind: ReferenceKind, reading: Reading) -> DirectReference:
    """A reference to another host."""
    url = SafeUrl(reference.target)
    shown, origin, gathering = excerpt(str(url)), reference.origin, reading.gathering
    report_credentials(url, reading, origin)
    if reference.target.lower().startswith(tuple(f"{scheme}:" for scheme in _OPEN_TRANSPORTS)):
        message = f"{shown} is fetched without TLS"
        gathering.add(Level.ERROR, "source/insecure-transport", message, origin, hint="use https")
    if kind is ReferenceKind.VCS and not _COMMIT.fullmatch(_safe_ref(reference.target)):
        message = f"{shown} names no full commit: what it holds can change"
        gathering.add(
            Level.ERROR, "source/vcs-unpinned", message, origin, hint="name the commit by its 40 digits"
        )
    _report_kind(reference, "source/direct-url", f"{shown} is a direct reference", reading)
    fragment = reference.target.partition("#")[2]
    digest = reference.digest or _fragment_digest(fragment, reading, origin)
    return DirectReference(
        name=reference.name or _named(reference.target, fragment),
        kind=ReferenceKind.EDITABLE if reference.editable else kind,
        url=url,
        digest=digest,
        marker=reference.marker,
        extras=reference.extras,
        origin=origin,
    )


def _safe_ref(target: str) -> str:
    try:
        return _ref_of(urlsplit(target))
    except ValueError:
        return ""


def _report_kind(reference: Reference, code: str, message: str, reading: Reading) -> None:
    if reference.editable:
        code, message = "source/editable", f"{excerpt(reference.target)} is asked for in place (-e)"
    subject = reference.name or str(SafeUrl(reference.target))
    reading.gathering.add(
        Level.ERROR, code, message, reference.origin, hint=DIRECT_HINT, subject=excerpt(subject)
    )


def report_credentials(url: SafeUrl, reading: Reading, origin: Origin) -> None:
    """Report credentials inside a URL."""
    if url.has_credentials:
        reading.gathering.add(
            Level.ERROR,
            "source/credentials",
            f"{excerpt(str(url))} holds credentials",
            origin,
            hint="remove them from the file, revoke them, and configure them on the host",
            subject=excerpt(str(url)),
        )


def _fragment_digest(fragment: str, reading: Reading, origin: Origin) -> str:
    found = next((m for m in map(_DIGEST.fullmatch, fragment.split("&")) if m), None)
    if found is None:
        return ""
    if found[1] in {"md5", "sha1", "sha224"}:
        reading.gathering.warn(
            "source/weak-hash", f"{found[1]} proves nothing any more", origin, hint="use sha256"
        )
        return ""
    return f"{found[1]}:{found[2].lower()}"


def _named(target: str, fragment: str) -> PypiName | None:
    """The name in ``#egg=name`` or in a wheel's file name; None if there is none in ASCII."""
    egg = re.search(r"(?:^|&)egg=([^&\[]*)", fragment)
    path = unquote(re.split(r"[?#]", target, maxsplit=1)[0])
    file = path.rpartition("/")[2]
    found = egg[1] if egg else file.partition("-")[0] if file.endswith(".whl") else ""
    return PypiName(canonicalize_name(found)) if _NAME.fullmatch(found) else None


def _path(reference: Reference, reading: Reading) -> DirectReference:
    """A reference to a place inside the model."""
    origin = reference.origin
    text, _, fragment = reference.target.partition("#")
    if not text:
        raise _malformed(reference.target, "it names nothing", origin)
    inside = inner_path(
        unquote(text[5:]) if text.lower().startswith("file:") else text, origin, base=reference.base
    )
    part = re.search(r"(?:^|&)subdirectory=([^&]*)", fragment)
    if part:
        inside = inner_path(unquote(part[1]), origin, base=inside)
    _report_kind(reference, "source/local-path", f"{excerpt(text)} is a path inside the model", reading)
    digest = ""
    if inside.lower().endswith(ARCHIVES):
        try:
            digest = f"sha256:{reading.digest(inside, origin)}"
        except Missing as missing:
            reading.gathering.warn(missing.code, missing.message, origin, hint="log the model with it")
    return DirectReference(
        name=reference.name or _named(inside, fragment),
        kind=ReferenceKind.EDITABLE if reference.editable else ReferenceKind.PATH,
        url=SafeUrl(text),
        digest=digest,
        marker=reference.marker,
        extras=reference.extras,
        path=inside or ".",
        origin=origin,
    )
