"""Untrusted text made harmless for each kind of report: one escape per sink.

Each begins with ``visible``: no control, bidi or invisible character gets through to any of them.
"""

from __future__ import annotations

import html
import json
import re

from envbuilder.redact import visible

_COMMAND = re.compile(r"(?=::|##\[)")
_PLACEHOLDER = re.compile(r"\{[0-9]+\}")
_BACKTICKS = re.compile(r"`+")


def terminal_line(line: str) -> str:
    """Return a line (already visible) that no CI service takes for a command: they begin with ``::``, ``##[``."""
    body = line.lstrip(" ")
    return line if not _COMMAND.match(body) else f"{line[: len(line) - len(body)]}\\{body}"


def markdown_code(text: str) -> str:
    """Return text as a Markdown code span, fit for a table cell too (GitHub's flavour): nothing in it acts."""
    # A backslash before an escaped pipe would take the escape away and end the cell.
    shown = visible(text).replace("\\|", "\\x7c").replace("|", "\\|")
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    # CommonMark takes one blank away on each side, where both sides have one.
    return (
        f"{fence} {shown or ' '} {fence}" if longest or shown != shown.strip() or not shown else f"`{shown}`"
    )


def github_message(text: str) -> str:
    """Return text for the message of a workflow command."""
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """Return text for a property (``file=…``) of a workflow command."""
    return github_message(text).replace(":", "%3A").replace(",", "%2C")


def xml_text(text: str) -> str:
    """Return text for XML 1.0, in elements and attributes; characters that it forbids are shown as escapes."""
    return html.escape(visible(text), quote=True)


def html_text(text: str) -> str:
    """Return text for HTML, in elements and in quoted attributes."""
    return html.escape(visible(text), quote=True)


def script_json(value: object) -> str:
    """Return JSON for a script element of HTML: no text in it ends the element or begins another.

    ASCII, and free of ``<``, ``>`` and ``&`` (HTML standard, 4.12.1.3). Its texts must be visible already.
    """
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def sarif_text(text: str) -> str:
    """Return text for a SARIF message, where ``[text](target)`` is a link and ``{0}`` a placeholder (3.11)."""
    shown = visible(text)
    if "](" in shown:
        shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return _PLACEHOLDER.sub(r"{\g<0>}", shown)
