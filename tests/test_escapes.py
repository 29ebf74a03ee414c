"""Nothing of a model acts in any kind of report, and every value comes out as itself."""

from __future__ import annotations

import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from envbuilder.escapes import (
    github_message,
    github_property,
    html_text,
    markdown_code,
    sarif_text,
    script_json,
    terminal_line,
    xml_text,
)
from envbuilder.redact import visible

NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from("`|\\<>&\"'[](){}*_#:,%@!~=\r\n\t\x1b\u202e\u2028\ufeff\0")),
    max_size=40,
)
ESCAPES = [
    github_message,
    github_property,
    html_text,
    markdown_code,
    sarif_text,
    xml_text,
    lambda text: terminal_line(visible(text)),
]


@given(NASTY)
@pytest.mark.parametrize("escape", ESCAPES)
def test_no_control_bidi_or_invisible_character_passes(escape: Callable[[str], str], text: str) -> None:
    assert all(c == " " or unicodedata.category(c)[0] not in "CZ" for c in escape(text))


@given(NASTY)
def test_xml_gives_the_text_back_in_elements_and_attributes(text: str) -> None:
    found = ET.fromstring(f'<a b="{xml_text(text)}">{xml_text(text)}</a>')
    assert (found.text or "") == visible(text)
    assert found.get("b") == visible(text)
    assert len(found) == 0


class Parsed(HTMLParser):
    """The text of a page, its tags, and the values of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(NASTY)
def test_html_gives_the_text_back_in_elements_and_attributes(text: str) -> None:
    page = Parsed(f'<p title="{html_text(text)}">{html_text(text)}</p>')
    assert page.tags == ["p"]
    assert page.values == [visible(text)]
    assert page.text == visible(text)


@given(st.one_of(NASTY, st.sampled_from(["</script>", "<!--<script", "]]>", "<!--"])))
def test_json_in_a_script_element_is_the_value_and_nothing_ends_the_element(text: str) -> None:
    shown = visible(text, newlines=True)
    written = script_json({"texts": [shown]})
    assert written.isascii()
    assert not set("<>&") & set(written)
    page = Parsed(f"<script>{written}</script><p>after</p>")
    assert page.tags == ["script", "p"]
    assert json.loads(page.text.removesuffix("after")) == {"texts": [shown]}


@given(NASTY)
def test_markdown_shows_one_code_span_in_text_and_in_a_table(text: str) -> None:
    span = markdown_code(text)
    parser = MarkdownIt("commonmark").enable("table")
    table = parser.render(f"| a | b |\n|---|---|\n| {span} | x |\n")
    cells = re.findall(r"<td><code>(.*?)</code></td>\n<td>x</td>", table)
    assert len(cells) == 1
    assert html.unescape(cells[0]).strip() == visible(text).replace("\\|", "\\x7c").strip()
    if "|" not in text:
        line = parser.render(f"- {span}: x\n")
        assert re.fullmatch(r"<ul>\n<li><code>[^<>]*</code>: x</li>\n</ul>\n", line)


@given(NASTY)
def test_a_workflow_command_ends_where_it_should(text: str) -> None:
    line = f"::error file={github_property(text)},line=1::{github_message(text)}"
    assert "\n" not in line
    assert "\r" not in line
    head, _, message = line.removeprefix("::error ").partition("::")
    assert dict(pair.partition("=")[::2] for pair in head.split(",")).keys() == {"file", "line"}
    unescaped = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert unescaped == visible(text)


@given(NASTY)
def test_no_line_of_a_terminal_is_a_command_of_ci(text: str) -> None:
    assert not terminal_line(f"  {visible(text)}").strip().startswith(("::", "##["))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mlflow[extras]>=1", "mlflow[extras]>=1"),
        ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
        ("${VAR} {0} {12}", "${VAR} {{0}} {{12}}"),
    ],
)
def test_sarif_has_no_links_and_no_placeholders(text: str, shown: str) -> None:
    assert sarif_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("", "`   `"),
        ("a`b", "`` a`b ``"),
        ("`", "`` ` ``"),
        ("a|b", r"`a\|b`"),
        (r"a\|b", r"`a\x7cb`"),
    ],
)
def test_markdown_examples(text: str, shown: str) -> None:
    assert markdown_code(text) == shown
