"""Edits of a conda file's text: laws over files of many shapes."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.channels import restricted
from envbuilder.rewriter.condatext import edited_conda

CHANNELS = st.lists(
    st.sampled_from(["defaults", "anaconda", "conda-forge", "pytorch", "nodefaults", "pkgs/main", "Conda-Forge"]),
    min_size=1, max_size=5,
)  # fmt: skip
SPECS = st.lists(
    st.sampled_from(["python=3.8.8", "defaults::numpy", "scipy=1.7.1=py39_2", "blas=*=*mkl*", "ä=1", "pip"]),
    max_size=4,
)
COMMENTS = st.sampled_from(["", "  # why", " # ä"])
QUOTES = st.sampled_from(["", "'", '"'])


@st.composite
def conda_files(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from(["", "  ", "    "]))

    def block(key: str, items: list[str]) -> list[str]:
        quote = draw(QUOTES)
        if draw(st.booleans()) and items:
            gap = draw(st.sampled_from([",", ", ", " ,  ", ",\n    "]))
            return [f"{key}: [{gap.join(f'{quote}{item}{quote}' for item in items)}]{draw(COMMENTS)}"]
        lines = [
            f"{indent}-{draw(st.sampled_from([' ', '   ']))}{quote}{item}{quote}{draw(COMMENTS)}"
            for item in items
        ]
        return [f"{key}:{draw(COMMENTS)}", *lines]

    parts = [["name: x"], block("dependencies", draw(SPECS))]
    if draw(st.booleans()):
        parts.append(block("channels", draw(CHANNELS)))
    lines = [
        line for part in draw(st.permutations(parts)) for line in [draw(st.sampled_from(["# c", ""])), *part]
    ]
    return "\n".join(lines).replace("\n", draw(st.sampled_from(["\n", "\r\n"]))) + draw(
        st.sampled_from(["", "\n"])
    )


def read(text: str) -> Any:
    return yaml.load(text, Loader=yaml.BaseLoader)  # a base loader: text only


def comments(text: str) -> list[str]:
    return [line.partition("#")[2].strip() for line in text.splitlines() if "#" in line]


def endings(text: str) -> set[str]:
    """The line ends of a text; the only line with one of them may go."""
    return set(re.findall(r"\r?\n", text))


def test_the_last_line_may_go_and_takes_no_newline_with_it() -> None:
    new, _ = edited_conda("channels:\n- defaults\n- defaults\n- defaults", "conda.yaml", {})
    assert new == "channels:\n- conda-forge\n- nodefaults"


@settings(deadline=None)
@given(conda_files())
def test_no_licensed_channel_stays_and_nothing_else_moves(text: str) -> None:
    new, edit = edited_conda(text, "conda.yaml", {})
    before, after = read(text), read(new)
    assert edit.skipped == []
    assert not any(map(restricted, after["channels"]))
    assert "nodefaults" in after["channels"]
    assert len(after["dependencies"]) == len(before["dependencies"])
    assert {key: value for key, value in after.items() if key not in {"channels", "dependencies"}} == {
        "name": "x"
    }
    assert comments(new) == comments(text)
    assert new.endswith("\n") == text.endswith("\n")
    assert endings(new) <= endings(text)


@settings(deadline=None)
@given(conda_files())
def test_editing_twice_changes_nothing_more(text: str) -> None:
    once, _ = edited_conda(text, "conda.yaml", {})
    assert edited_conda(once, "conda.yaml", {})[0] == once
