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
    st.sampled_from(
        [
            "python=3.8.8",
            "defaults::numpy",
            "scipy=1.7.1=py39_2",
            "blas=*=*mkl*",
            "ä=1",
            "pip",
            "blas=1.0=mkl",
        ]
    ),
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


def edited(*items: str, channels: str = "defaults") -> list[str]:
    """Return the dependencies of a file after its edit."""
    lines = "".join(f"- {item}\n" for item in items)
    text = f"channels: [{channels}]\ndependencies:\n- python=3.8.8\n{lines}"
    new, edit = edited_conda(text, "conda.yaml", {})
    assert edit.skipped == []
    again, _ = edited_conda(new, "conda.yaml", {})
    assert again == new
    return list(read(new)["dependencies"][1:])


def test_what_conda_forge_lacks_is_renamed_or_goes() -> None:
    assert edited("numpy-base=1.21.2=py39_0  # why", "scipy") == ["numpy==1.21.2", "scipy"]
    assert edited("numpy=1.21.2=py39_0", "numpy-base=1.21.2=py39_0") == ["numpy==1.21.2"]
    assert edited("numpy-base=1.21", "numpy-base=1.21", "mkl") == ["numpy=1.21", "mkl"]
    assert edited("anaconda=2020.11=py38_0", "_openmp_mutex=5.1=1_gnu", "scipy") == ["scipy"]
    assert edited("defaults::tensorflow-mkl=2.3") == ["conda-forge::tensorflow=2.3"]
    assert edited("blas=1.0=mkl", "mkl") == ["blas=*=*mkl", "mkl"]
    assert edited("cpuonly", "pytorch", channels="pytorch, conda-forge") == ["cpuonly", "pytorch"]
    assert edited("_openmp_mutex=4.5=1_gnu", channels="conda-forge") == ["_openmp_mutex=4.5=1_gnu"]
    assert edited("mxnet=1.5", "in-house") == ["mxnet=1.5", "in-house"]


LACKED = [
    "numpy-base=1.21.2=py39_0",
    "numpy-base",
    "numpy=1.21.2",
    "anaconda",
    "_openmp_mutex=5.1=1_gnu",
    "keras-gpu",
]


@given(st.lists(st.sampled_from([*LACKED, "scipy", "defaults::keras-base"]), max_size=6), QUOTES)
def test_of_what_conda_forge_lacks_nothing_stays_untold(items: list[str], quote: str) -> None:
    lines = "".join(f"  - {quote}{item}{quote}  # {number}\n" for number, item in enumerate(items))
    text = f"channels:\n- defaults\ndependencies:\n  - python=3.8.8\n{lines}"
    new, edit = edited_conda(text, "conda.yaml", {})
    left = [item for item in read(new)["dependencies"] if re.match("numpy-|anaconda|_openmp|keras-", item)]
    assert len(left) == len(edit.skipped)
    assert comments(new) == comments(text)
    assert edited_conda(new, "conda.yaml", {})[0] == new


def test_the_last_dependency_of_all_stays_and_is_told() -> None:
    new, edit = edited_conda("channels: [defaults]\ndependencies:\n- anaconda\n", "conda.yaml", {})
    assert read(new) == {"channels": ["conda-forge", "nodefaults"], "dependencies": ["anaconda"]}
    assert [change.code for change in edit.skipped] == ["rewrite/not-on-conda-forge"]


def test_what_two_lines_say_of_one_package_is_nobody_s_to_decide() -> None:
    text = "channels: [defaults]\ndependencies:\n- numpy=1.20\n- numpy-base=1.21\n"
    new, edit = edited_conda(text, "conda.yaml", {})
    assert read(new)["dependencies"] == ["numpy=1.20", "numpy-base=1.21"]
    (change,) = edit.skipped
    assert (change.code, change.after) == ("rewrite/not-on-conda-forge", "numpy=1.21")


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
