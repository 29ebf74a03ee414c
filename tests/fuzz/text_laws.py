"""What must hold for short texts: specifications, channels, escapes, redaction, what tools print."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from packaging.specifiers import SpecifierSet

from envbuilder import channels, escapes
from envbuilder.conda.matchtext import spec_text
from envbuilder.errors import EnvbuilderError
from envbuilder.limits import read_age, read_size
from envbuilder.reader.condaversion import pypi_specifier
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.pep508 import name_of, requirement, split_extras
from envbuilder.redact import MASK, SafeUrl, excerpt, masked, masked_url, visible
from envbuilder.request import read_as_of, read_engine, read_python
from envbuilder.resolver import pip_words, uv_words
from envbuilder.resolver.engine import Failure
from envbuilder.spec import PypiRequirement
from tests.fuzz.judging import bounded, harmless, hold, told
from tests.fuzz.model_laws import NOWHERE

SECRET = "pl4ntedPa55"
CUT = "\x1f"
WRAPPED = ("{}", "{}", "./{}", "'{}'", "a:{}", "${{A}}{}", "https://mirror.example.org/{}", "git+{}")
"""Where a URL may begin; the length of an input chooses."""


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def matchspec(content: bytes, folder: Path) -> None:
    """A specification is read as itself again, and so is a requirement."""
    text = _text(content)
    try:
        with bounded("reading a match specification"):
            wish = read_matchspec(text, NOWHERE)
        hold(MASK in wish.text or read_matchspec(wish.text, NOWHERE) == wish, "a match specification", wish)
        specifier = pypi_specifier(wish.version)
        hold(specifier is None or isinstance(specifier, str), "a specifier", wish)
        asked = spec_text(wish)
        hold(spec_text(read_matchspec(asked, NOWHERE)) == asked, "what the solver is asked", wish, asked)
    except EnvbuilderError as error:
        told(error)
    try:
        found = _requirement(text)
        hold(_requirement(found.text) == found, "a requirement", found)
        hold(found.specifier.startswith("=") or SpecifierSet(found.specifier) is not None, "PEP 440", found)
    except EnvbuilderError as error:
        told(error)


def _requirement(text: str) -> PypiRequirement:
    name, rest = name_of(text, NOWHERE)
    extras, rest = split_extras(rest, NOWHERE)
    return requirement(name, extras, rest, NOWHERE)


def channel(content: bytes, folder: Path) -> None:
    """A channel is judged the same with its credentials masked, and its canonical text is its own."""
    text = _text(content)
    with bounded("judging a channel"):
        shown = masked_url(text)
        channels.canonical(text)
        place = channels.location(text)
    if MASK not in text:
        hold(channels.restricted(shown) == channels.restricted(text), "masked and restricted", text, shown)
    if place is not None:
        hold(channels.location(place) == place, "a channel's place", text, place)
        hold(MASK not in place and SafeUrl(place).stripped == place, "a secret in a channel's place", place)
        hold(channels.restricted(place) or not channels.restricted(text), "another channel's place", place)
    for judged in (channels.local, channels.insecure, channels.expands, channels.excludes_defaults):
        hold(isinstance(judged(text), bool), "an answer", judged)


def escapes_of(text: str) -> dict[str, str]:
    """Return a text as each sink would have it."""
    return {
        "terminal": escapes.terminal_line(visible(text)),
        "markdown": escapes.markdown_code(text),
        "github": escapes.github_message(text),
        "property": escapes.github_property(text),
        "xml": escapes.xml_text(text),
        "sarif": escapes.sarif_text(text),
    }


def escaped(content: bytes, folder: Path) -> None:
    """No sink gets anything but text, and what can be read back says the same."""
    text = _text(content)
    with bounded("escaping"):
        shown = escapes_of(text)
    for sink, escaped in shown.items():
        harmless(escaped, sink)
    root = ET.fromstring(f'<a b="{shown["xml"]}">{shown["xml"]}</a>')
    hold((root.text or "", root.get("b"), len(root)) == (visible(text), visible(text), 0), "xml", text)
    hold(not shown["terminal"].strip().startswith(("::", "##[")), "a CI command", text)
    hold("," not in shown["property"] and ":" not in shown["property"], "a property", text)
    fence = re.match("`+", shown["markdown"])
    hold(fence and shown["markdown"].endswith(fence[0]), "a code span", shown["markdown"])
    hold(not re.search(r"(?<!\\)\|", shown["markdown"]), "a table cell ends", shown["markdown"])
    hold(excerpt(text, 80).isprintable() and len(excerpt(text, 80)) <= 80, "an excerpt", text)


def redaction(content: bytes, folder: Path) -> None:
    """A planted password shows in no form of a URL that holds it, whatever stands around it."""
    parts = [*_text(content).split(CUT, 4), "", "", "", ""]
    scheme = re.sub(r"[^A-Za-z0-9+.-]", "", parts[0])[:20].lstrip("+.-0123456789") or "https"
    user = re.sub(r"[^\w.+-]", "", parts[1])[:40] or "me"
    before, after = (re.sub(r"[^!-~]|[<>@/]", "", part)[:40] for part in parts[2:4])
    rest = re.sub(r"[^!-~]|[<>]", "", parts[4])[:80]
    url = f"{scheme}://{user}:{before}{SECRET}{after}@host.example.org/{rest}"
    url = WRAPPED[len(content) % len(WRAPPED)].format(url)
    safe = SafeUrl(url)
    with bounded("masking"):
        whole = masked(_text(content))
    hold(isinstance(whole, str), "a text", whole)
    shown = (str(safe), repr(safe), safe.stripped, masked(f"see {url} now"), excerpt(f"see {url} now", 900))
    for text in shown:
        hold(SECRET not in text, "a password shows", url, text)
    once = masked_url(url)
    hold(masked_url(once) == once or SECRET not in masked_url(once), "masked twice", url)
    hold(SECRET not in masked(f"{_text(content)} {user}:{SECRET}@host.example.org"), "a log", content)


def tool_words(content: bytes, folder: Path) -> None:
    """What a tool prints is a failure that can be shown."""
    text = _text(content)
    for read in (uv_words.read_failure, pip_words.read_failure):
        with bounded("reading a tool's words"):
            failure: Failure = read(text)
        harmless(failure.text, "a tool's words", lines=True)
        hold(all(name.isascii() for name in failure.packages), "a name", failure.packages)
        SpecifierSet(failure.python)


def typed(content: bytes, folder: Path) -> None:
    """What a person types is understood or refused."""
    text = _text(content)
    for read in (read_as_of, read_python, read_engine, read_size, read_age):
        try:
            with bounded("reading what is typed"):
                read(text)
        except EnvbuilderError as error:  # noqa: PERF203 - each on its own
            told(error)
