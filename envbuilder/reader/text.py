"""Bytes of a model's file to text that every reader splits into the same lines.

pip, uv and editors disagree about coding lines, form feeds, U+2028 and lone carriage returns: one of
them then sees a requirement where another sees a comment. Such text is refused.
"""

from __future__ import annotations

import codecs
import re

from envbuilder.findings import Origin
from envbuilder.reader.gather import Gathering, Refusal
from envbuilder.redact import excerpt
from envbuilder.spec import SourceFile

_FORBIDDEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_LINE_ENDS = frozenset("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
"""Everything that ends a line for ``str.splitlines``, and so for pip."""

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CODING = re.compile(r"coding[:=]\s*([-\w.]+)")
"""PEP 263, as loosely as pip applies it."""

_UTF8_NAMES = frozenset({"utf-8", "utf8", "utf-8-sig"})


def decode(source: SourceFile, gathering: Gathering) -> str:
    r"""Return the text of a file with LF line ends only, without its byte order mark.

    Raises Refusal: ``input/encoding``, ``line-separator``, ``control-character``, ``bidi-control``.
    """
    text = _decode(source, gathering)
    _check_coding(text, source.path)
    check_characters(text, Origin(file=source.path, line=1, column=1))
    return text.replace("\r\n", "\n")


def _decode(source: SourceFile, gathering: Gathering) -> str:
    content, spot = source.content, Origin(file=source.path)
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refusal("input/encoding", "the file is UTF-32", spot, hint="save it as UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        gathering.warn(
            "input/encoding",
            "the file is UTF-16; it is read, but other tools see noise",
            spot,
            hint="save it as UTF-8",
        )
        return _decoded(content, "utf-16", source.path)
    if len(content) > 1 and content.count(0) * 4 >= len(content):
        raise Refusal(
            "input/encoding", "UTF-16 or UTF-32 without a byte order mark", spot, hint="save it as UTF-8"
        )
    return _decoded(content, "utf-8-sig", source.path)


def _decoded(content: bytes, encoding: str, path: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        good = error.object[: error.start]
        line = good.count(b"\n") + 1
        column = error.start - good.rfind(b"\n") if encoding != "utf-16" else 0
        raise Refusal(
            "input/encoding",
            f"byte 0x{error.object[error.start]:02x} is not {encoding.removesuffix('-sig').upper()}",
            Origin(file=path, line=line, column=column),
            hint="save the file as UTF-8",
        ) from None


def _check_coding(text: str, path: str) -> None:
    for number, line in enumerate(text.split("\n", 2)[:2], 1):
        found = _CODING.search(line) if line.lstrip().startswith("#") else None
        if found and found[1].lower().replace("_", "-") not in _UTF8_NAMES:
            raise Refusal(
                "input/encoding",
                f"a coding line asks for {excerpt(found[1], 40)}; pip would read other text than uv here",
                Origin(file=path, line=number, column=found.start() + 1),
                hint="remove the coding line and save the file as UTF-8",
            )


def check_characters(text: str, origin: Origin) -> None:
    """Refuse characters that end lines for some readers, or hide or reorder text.

    ``origin`` is where the text begins. A line feed, CRLF and a tab pass.
    """
    found = _FORBIDDEN.search(text)
    if found is None:
        return
    position = found.start()
    lines = text.count("\n", 0, position)
    column = position - text.rfind("\n", 0, position)
    spot = Origin(
        file=origin.file, line=origin.line + lines, column=column if lines else origin.column + column - 1
    )
    raise _forbidden(found[0], spot)


def _forbidden(character: str, spot: Origin) -> Refusal:
    name = f"U+{ord(character):04X}"
    if character in _LINE_ENDS:
        message = f"{name} ends a line for some readers and not for others: a hidden line could start here"
        return Refusal("input/line-separator", message, spot, hint="remove it; end lines by LF or CRLF")
    if character in _BIDI:
        message = f"the bidirectional control {name} makes text look other than it is"
        return Refusal("input/bidi-control", message, spot, hint="remove it")
    return Refusal("input/control-character", f"the control character {name}", spot, hint="remove it")
