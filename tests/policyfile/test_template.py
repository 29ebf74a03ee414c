"""The policy that ``init`` writes: it means the default, and every line that is commented out is one."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envbuilder.policy import DEFAULT, Channels, Conda, Pins, Policy, PolicyText
from envbuilder.policyfile import read_policy
from envbuilder.policyfile.template import SUGGESTED, Draft, policy_text


def read(folder: Path, text: str) -> Policy:
    path = folder / "envbuilder.toml"
    path.write_text(text, "utf-8")
    return read_policy(path)


def test_it_means_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, policy_text()) == DEFAULT


def test_it_has_every_section() -> None:
    from envbuilder.policyfile.sections import read_root
    from envbuilder.policyfile.tables import Mistakes, Table

    root = Table({}, (), Mistakes())
    read_root(root, PolicyText(file="p", text=""))
    for section, below in root.asked.items():
        assert f"\n[{section}]\n" in policy_text()
        assert isinstance(below, Table)
        for key in below.asked:
            assert re.search(
                rf"^(# {key} = |\[licenses\.{key}\]|# \[\[licenses\.{key}\]\]|# \[channels\.{key}\])",
                policy_text(),
                re.MULTILINE,
            )


def test_every_commented_line_is_one_that_can_be_used(tmp_path: Path) -> None:
    lines = [re.sub(r"^# (?=\[|\S+ = |\"[^\"]+\" = )", "", line) for line in policy_text().splitlines()]
    policy = read(tmp_path, "\n".join(lines))
    assert (policy.sources, policy.builds) == (DEFAULT.sources, DEFAULT.builds)
    assert (replace(policy.channels, mirrors=()), policy.pins) == (Channels(), Pins())
    assert [str(url) for url in policy.channels.mirrors_of("conda-forge")] == [
        "https://mirror.example.org/conda-forge"
    ]
    assert policy.conda == Conda(cuda="12.1")
    assert policy.names == (("some-conda-package", "its-name-on-the-index"),)
    assert policy.licenses.allow == ("MIT", "BSD-3-Clause", "Apache-2.0")
    assert dict(policy.licenses.aliases).keys() == SUGGESTED.keys()
    (exception,), (clarify,) = policy.licenses.exceptions, policy.licenses.clarify
    assert (exception.package.name, exception.until) == ("psycopg2-binary", datetime.date(2030, 6, 30))
    assert clarify.path == "LICENSE"
    assert policy.store.max_size == 50 * 10**9


def test_what_was_found_is_filled_in(tmp_path: Path) -> None:
    draft = Draft(
        channels=(("conda-forge", 1200), ("https://c.example.org/x", 1)),
        licenses=(("MIT", 80), ("LicenseRef-Ours", 1)),
        undecided=(("BSD License", 12), ('strange "words"\n', 1)),
    )
    text = policy_text(draft)
    policy = read(tmp_path, text)
    assert policy.channels.allow == ("conda-forge", "https://c.example.org/x")
    assert policy.licenses.allow == ("MIT", "LicenseRef-Ours")
    assert policy.licenses.aliases == ()
    assert '  "conda-forge",  # 1,200 models\n' in text
    assert '# "BSD License" = "BSD-3-Clause OR BSD-2-Clause"  # 12 packages\n' in text
    assert '# "strange \\"words\\"\\n" = "LicenseRef-decide"  # 1 package\n' in text


@given(st.text(min_size=1, max_size=30).filter(str.strip), st.text(max_size=30))
def test_no_name_or_word_breaks_out_of_its_line(tmp_path_factory: object, channel: str, words: str) -> None:
    folder = tmp_path_factory.mktemp("policy")  # type: ignore[attr-defined]
    policy = read(folder, policy_text(Draft(channels=((channel, 1),), undecided=((words, 2),))))
    assert policy == Policy(channels=Channels(allow=(channel,)))
