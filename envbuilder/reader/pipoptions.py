"""Options in requirement files: data with findings, never acted on (pip's requirements file format)."""

from __future__ import annotations

import enum
import re
import shlex
from dataclasses import dataclass

from envbuilder.findings import Level, Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.reader.reading import Reading
from envbuilder.reader.references import report_credentials
from envbuilder.redact import SafeUrl, excerpt, masked
from envbuilder.spec import Option


class Sort(enum.Enum):
    """What an option is about."""

    INDEX = "index"
    LINKS = "links"
    HOST = "host"
    INCLUDE = "include"
    CONSTRAINT = "constraint"
    EDITABLE = "editable"
    HASH = "hash"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """An option as it was met, under its long name."""

    sort: Sort
    name: str
    value: str


_VALUED = {
    "--index-url": Sort.INDEX,
    "--pypi-url": Sort.INDEX,
    "--extra-index-url": Sort.INDEX,
    "--find-links": Sort.LINKS,
    "--trusted-host": Sort.HOST,
    "--requirement": Sort.INCLUDE,
    "--constraint": Sort.CONSTRAINT,
    "--editable": Sort.EDITABLE,
    "--hash": Sort.HASH,
    "--no-binary": Sort.OTHER,
    "--only-binary": Sort.OTHER,
    "--use-feature": Sort.OTHER,
    "--global-option": Sort.OTHER,
    "--install-option": Sort.OTHER,
    "--config-settings": Sort.OTHER,
}
_FLAGS = {
    "--no-index": Sort.INDEX,
    "--pre": Sort.OTHER,
    "--prefer-binary": Sort.OTHER,
    "--require-hashes": Sort.OTHER,
    "--always-unzip": Sort.OTHER,
    "--use-wheel": Sort.OTHER,
    "--no-use-wheel": Sort.OTHER,
    "--process-dependency-links": Sort.OTHER,
}
_NAMES = (*_VALUED, *_FLAGS)
_SHORT = {
    "-i": "--index-url",
    "-f": "--find-links",
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-C": "--config-settings",
    "-Z": "--always-unzip",
}
_EDITABLE = re.compile(r"(?:-e\s*|--ed[a-z]*(?:\s+|=))(\S.*)")
_WEAK = frozenset({"md5", "sha1", "sha224"})
_HASH_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


def read_options(text: str, origin: Origin) -> tuple[Met, ...]:
    """Return the options of a line. Raises Refusal (``input/malformed-requirement``)."""
    editable = _EDITABLE.fullmatch(text)
    if editable:
        return _editable(editable[1], origin)
    words = _words(text, origin)
    if len(words) > limits.REQUIREMENTS:
        raise Refusal("input/too-many", f"{len(words)} words in a line of options", origin)
    met: list[Met] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word in {"-", "--"}:
            raise _malformed(f"{excerpt(word)} stands after an option", origin)
        name, sort, value = _known(word, origin)
        if value is None:
            value = _value(name, words, origin)
        met.append(Met(sort=sort, name=name, value=value))
    return tuple(met)


def _words(text: str, origin: Origin) -> list[str]:
    # As pip splits them, but a backslash stays one: a path with it must not become another path.
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise _malformed("a quotation mark is not closed", origin) from None


def _editable(rest: str, origin: Origin) -> tuple[Met, ...]:
    """``-e`` takes the rest of the line as it stands: a marker has quotation marks of its own."""
    value, dashes, options = rest.partition(" --")
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    met = Met(sort=Sort.EDITABLE, name="--editable", value=value[1:-1] if quoted else value)
    return (met, *(read_options(dashes.strip() + options, origin) if dashes else ()))


def _known(word: str, origin: Origin) -> tuple[str, Sort, str | None]:
    """The long name, the sort, and the value if it is written into the word."""
    if not word.startswith("--"):
        name = _SHORT.get(word[:2], word[:2])
        return name, _VALUED.get(name, _FLAGS.get(name, Sort.OTHER)), word[2:] or None
    written, equals, value = word.partition("=")
    candidates = [name for name in _NAMES if name.startswith(written)]
    if len(candidates) > 1 and written not in candidates:
        raise _malformed(f"{excerpt(written)} could be {' or '.join(candidates)}", origin)
    name = candidates[0] if len(candidates) == 1 else written
    return name, _VALUED.get(name, _FLAGS.get(name, Sort.OTHER)), value if equals else None


def _value(name: str, words: list[str], origin: Origin) -> str:
    if name in _FLAGS:
        return ""
    if words and not words[0].startswith("-"):
        return words.pop(0)
    if name in _VALUED:
        raise _malformed(f"{name} has no value", origin)
    return ""


def _malformed(why: str, origin: Origin) -> Refusal:
    return Refusal("input/malformed-requirement", why, origin)


def report_option(met: Met, reading: Reading, origin: Origin) -> Option:
    """Return an option as data, with its findings reported."""
    url = SafeUrl(met.value)
    option = Option(name=met.name, value=str(url), origin=origin)
    shown = excerpt(f"{met.name} {masked(str(url))}".strip())
    if "://" in met.value:
        report_credentials(url, reading, origin)
        if met.value.lower().startswith(("http:", "ftp:")):
            message = f"{shown} fetches without TLS"
            reading.gathering.add(Level.ERROR, "source/insecure-transport", message, origin, hint="use https")
    code, level, message, hint = _judged(met, shown)
    reading.gathering.add(level, code, message, origin, hint=hint, subject=shown)
    return option


def _judged(met: Met, shown: str) -> tuple[str, Level, str, str]:
    configure = "configure indexes on the host or in the policy's [sources]"
    match met.sort:
        case Sort.LINKS if not re.match(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", met.value):
            message = f"{shown} offers packages from a path; it is not followed"
            return "source/local-path", Level.ERROR, message, "put the packages on an index"
        case Sort.INDEX | Sort.LINKS:
            message = f"{shown} names a source of packages; it is not followed"
            return "source/index-override", Level.WARNING, message, configure
        case Sort.HOST:
            message = f"{shown} turns TLS checks off; it is not followed"
            return "source/insecure-transport", Level.ERROR, message, "remove it"
        case _:
            known = met.name in _VALUED or met.name in _FLAGS
            what = "changes the installer" if known else "is no option that we know"
            return (
                "source/forbidden-option",
                Level.WARNING,
                f"{shown} {what}; it is not followed",
                "remove it",
            )


def hash_of(met: Met, reading: Reading, origin: Origin) -> str | None:
    """Return a ``--hash`` value in lower case; None for an algorithm that proves nothing (reported).

    Raises Refusal (``input/malformed-requirement``): a hash that can match no file.
    """
    algorithm, _, digits = met.value.lower().partition(":")
    if algorithm in _WEAK:
        message = f"{algorithm} proves nothing any more; the hash is not used"
        reading.gathering.warn("source/weak-hash", message, origin, hint="use sha256")
        return None
    if not re.fullmatch(r"[0-9a-f]+", digits) or len(digits) != _HASH_DIGITS.get(algorithm):
        raise _malformed(f"{excerpt(met.value)} is no hash that a file could have", origin)
    return f"{algorithm}:{digits}"
