"""The policy file: what it says, where it is found, and that a mistake in it is never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError, PolicyError, PolicyRefused
from envbuilder.findings import Level, Origin
from envbuilder.policy import DEFAULT, Builds, Policy
from envbuilder.policyfile import find_policy, read_policy
from envbuilder.policyfile.files import LONGEST


def write(folder: Path, text: str, name: str = "envbuilder.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_default_holds() -> None:
    assert read_policy(None) == DEFAULT


def test_all_keys_are_read(tmp_path: Path) -> None:
    policy = read_policy(
        write(
            tmp_path,
            '[sources]\nindexes = ["https://user:pw@index.example.org/simple"]\nvcs = "allow"\n'
            '[builds]\nsdist = ["alembic"]\n[names]\nfoo = "bar"\nbaz = ""\n',
        )
    )
    assert [str(url) for url in policy.sources.indexes] == ["https://****@index.example.org/simple"]
    assert policy.sources.vcs == "allow"
    assert policy.sources.url == "deny"
    assert policy.builds.allows("alembic")
    assert not policy.builds.allows("termcolor")
    assert policy.names == (("baz", ""), ("foo", "bar"))


def test_the_folder_decides_and_its_own_file_comes_first(tmp_path: Path) -> None:
    assert find_policy(tmp_path) is None
    project = write(tmp_path, "[tool.other]\n", "pyproject.toml")
    assert find_policy(tmp_path) is None
    project.write_text('[tool.envbuilder.builds]\nsdist = "never"\n', "utf-8")
    assert find_policy(tmp_path) == project
    assert read_policy(project).builds.sdist == "never"
    own = write(tmp_path, "")
    assert find_policy(tmp_path) == own


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[sauces]\n", "policy/unknown-key", "did you mean sources?"),
        ("[sources]\nulr = 'deny'\n", "policy/unknown-key", "did you mean sources.url?"),
        ("[sources]\nurl = 'maybe'\n", "policy/invalid", "sources.url has to be"),
        ("[sources]\nurl = ['deny']\n", "policy/invalid", "sources.url has to be"),
        ("[sources]\nindexes = 'x'\n", "policy/invalid", "sources.indexes has to be a list"),
        ("[sources]\nindexes = ['ftp://h/simple']\n", "policy/invalid", "sources.indexes[0] has to be"),
        ("[sources]\nindexes = ['h.example.org']\n", "policy/invalid", "sources.indexes[0] has to be"),
        ("[sources]\nindexes = ['https:///simple']\n", "policy/invalid", "sources.indexes[0] has to be"),
        ("[sources]\nindexes = ['https://h/s', '']\n", "policy/invalid", "sources.indexes[1] has to be"),
        ("[builds]\nsdist = 'always'\n", "policy/invalid", "builds.sdist has to be"),
        ("[builds]\nsdist = ['alembic<']\n", "policy/invalid", "builds.sdist has to be"),
        ("[builds]\nsdist = [1]\n", "policy/invalid", "builds.sdist has to be"),
        ("[channels]\nrestricted = 'no'\n", "policy/invalid", "channels.restricted has to be"),
        ("[channels]\nimplicit_defaults = 'deny'\n", "policy/unknown-key", "channels.implicit-defaults?"),
        ("[channels]\nallow = [' ']\n", "policy/invalid", "channels.allow[0] has to be"),
        ("[channels]\nmirrors = 'x'\n", "policy/invalid", "channels.mirrors has to be a table"),
        (
            "[channels.mirrors]\nx = ['m.example.org']\n",
            "policy/invalid",
            "channels.mirrors.x[0] has to be the URL",
        ),
        (
            "[channels.mirrors]\nx = ['ftp://m/x']\n",
            "policy/invalid",
            "channels.mirrors.x[0] has to be the URL",
        ),
        (
            "[channels.mirrors]\nx = ['https://m.example.org/pkgs/main']\n",
            "policy/invalid",
            "channels.mirrors.x[0] has to be the URL",
        ),
        (
            "[channels.mirrors]\ndefaults = ['https://m.example.org/x']\n",
            "policy/invalid",
            "channels.mirrors.defaults has to be the mirrors of a channel that may be asked",
        ),
        (
            "[channels.mirrors]\nx = []\n'https://conda.anaconda.org/X/' = []\n",
            "policy/invalid",
            "has to be one list with those of x, which is the same channel",
        ),
        ("[conda]\nengine = true\n", "policy/invalid", 'conda.engine has to be "auto", "never" or "always"'),
        ("[conda]\ncuda = 12.1\n", "policy/invalid", "conda.cuda has to be a version of CUDA in quotes"),
        ("[pins]\nunpinned = true\n", "policy/invalid", "pins.unpinned has to be"),
        ("[pins]\nunpined = 'deny'\n", "policy/unknown-key", "did you mean pins.unpinned?"),
        ("[store]\nmax-size = 5\n", "policy/invalid", 'store.max-size has to be a size such as "50GB"'),
        ("[store]\nmax-age = '3 moons'\n", "policy/invalid", "store.max-age has to be an age"),
        ("[names]\nfoo = 1\n", "policy/invalid", "names.foo has to be"),
        ("builds = 1\n", "policy/invalid", "builds has to be a table"),
        ("[broken", "policy/invalid", "not TOML"),
    ],
)
def test_a_mistake_is_an_error_that_says_where(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(write(tmp_path, text))
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "envbuilder.toml" in str(caught.value)


def test_names_of_packages_may_be_written_as_their_projects_write_them(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, '[builds]\nsdist = ["PyYAML", "ruamel.yaml"]\n'))
    assert policy.builds.allows("pyyaml")
    assert policy.builds.allows("ruamel-yaml")


def test_what_may_be_built_has_a_version_too_where_one_is_named(tmp_path: Path) -> None:
    builds = read_policy(write(tmp_path, '[builds]\nsdist = ["a<2", "b"]\n')).builds
    assert builds.allows("a", "1.9")
    assert not builds.allows("a", "2.0")
    assert not builds.allows("a")
    assert builds.allows("b")
    assert builds.allows("b", "7")


def test_an_empty_list_lets_nothing_be_built(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, "[builds]\nsdist = []\n"))
    assert not policy.builds.allows("a", "1.0")
    keys = {Policy(builds=Builds(sdist=sdist)).resolution_key for sdist in ("locked", "never", ())}
    assert len(keys) == 3
    assert policy.resolution_key in keys - {DEFAULT.resolution_key}


def test_a_project_file_of_odd_shape_has_no_policy_or_is_refused(tmp_path: Path) -> None:
    project = write(tmp_path, "tool = 3\n", "pyproject.toml")
    assert find_policy(tmp_path) is None
    with pytest.raises(PolicyError, match="tool has to be a table"):
        read_policy(project)
    write(tmp_path, "[tool]\nenvbuilder = 3\n", "pyproject.toml")
    with pytest.raises(PolicyError, match="envbuilder has to be a table"):
        read_policy(find_policy(tmp_path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "missing.toml")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("policy") / "envbuilder.toml"
    path.write_bytes(content)
    try:
        read_policy(path)
    except EnvbuilderError as error:
        assert error.hint


_VALUES = st.recursive(
    st.one_of(
        st.integers(), st.booleans(), st.dates(), st.text(max_size=8), st.sampled_from(["deny", "MIT", "a<2"])
    ),
    lambda below: st.one_of(
        st.lists(below, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["package", "allow", "reason", "until", "expression", "license-file", "path", "x"]
            ),
            below,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
_SECTIONS = st.sampled_from(
    ["channels", "conda", "sources", "builds", "names", "store", "levels", "pins", "licenses", "x"]
)
_KEYS = st.sampled_from(
    ["restricted", "allow", "indexes", "url", "sdist", "max-size", "max-age", "pin/unpinned", "unpinned", "unknown",
     "aliases", "exception", "clarify", "mirrors", "engine", "cuda", "x"]
)  # fmt: skip


@given(
    st.dictionaries(_SECTIONS, st.one_of(st.dictionaries(_KEYS, _VALUES, max_size=4), _VALUES), max_size=4)
)
def test_any_document_is_a_policy_or_refused_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    import tomli_w

    path = tmp_path_factory.mktemp("policy") / "envbuilder.toml"
    path.write_text(tomli_w.dumps(document), "utf-8")
    try:
        policy = read_policy(path)
    except PolicyRefused as error:
        assert all(finding.origin and finding.origin.line for finding in error.refusals)
        assert list(error.refusals) == sorted(error.refusals, key=lambda f: f.origin or Origin(file=""))
    else:
        assert len(policy.digest) == len(policy.resolution_key) == 64


def test_mirrors_are_found_by_any_spelling_of_their_channel(tmp_path: Path) -> None:
    text = '[channels.mirrors]\nconda-forge = ["https://u:s3cret@m.example.org/cf", "file:///m/cf"]\n'
    policy = read_policy(write(tmp_path, text))
    found = policy.channels.mirrors_of("https://conda.anaconda.org/conda-forge/linux-64")
    assert [url.secret for url in found] == ["https://u:s3cret@m.example.org/cf", "file:///m/cf"]
    assert "s3cret" not in repr(policy)
    assert policy.channels.mirrors_of("bioconda") == ()


def test_mirrors_change_no_key_and_the_conda_engine_does(tmp_path: Path) -> None:
    mirrored = read_policy(write(tmp_path, '[channels.mirrors]\nx = ["https://m.example.org/x"]\n'))
    assert (mirrored.digest, mirrored.resolution_key) == (DEFAULT.digest, DEFAULT.resolution_key)
    texts = ("[conda]\nengine = 'never'\n", "[conda]\nengine = 'always'\n", "[conda]\ncuda = '11.8'\n")
    keys = {read_policy(write(tmp_path, text)).resolution_key for text in texts}
    assert len(keys - {DEFAULT.resolution_key}) == len(texts)


def test_levels_of_codes(tmp_path: Path) -> None:
    text = '[levels]\n"pin/unpinned" = "allow"\n"channel/restricted" = "warning"\n'
    policy = read_policy(write(tmp_path, text))
    assert policy.levels == (("channel/restricted", Level.WARNING), ("pin/unpinned", "allow"))
    assert policy.digest != DEFAULT.digest
    assert policy.resolution_key == DEFAULT.resolution_key


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('"pin/unpined" = "allow"', "policy/unknown-key", "did you mean levels.pin/unpinned?"),
        ('"nonsense" = "allow"', "policy/unknown-key", "known keys: "),
        ('"pin/unpinned" = "off"', "policy/invalid", 'has to be "allow", "note", "warning" or "error"'),
        ('"pin/unpinned" = 1', "policy/invalid", "has to be"),
    ],
)
def test_a_wrong_level_is_an_error(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(write(tmp_path, f"[levels]\n{text}\n"))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_all_mistakes_are_told_in_the_order_of_the_file_each_with_its_line(tmp_path: Path) -> None:
    text = (
        "[pins]\nunpinned = 1\n[sauces]\nx = 1\n[sources]\nindexes = [\n  'https://i.example.org',\n  3,\n]\n"
        "url.x = 'deny'\n"
    )
    path = write(tmp_path, text)
    with pytest.raises(PolicyRefused) as caught:
        read_policy(path)
    told = [
        (finding.origin.line if finding.origin else 0, finding.subject) for finding in caught.value.refusals
    ]
    assert told == [(2, "pins.unpinned"), (3, "sauces"), (8, "sources.indexes[1]"), (10, "sources.url")]
    assert [finding.level for finding in caught.value.refusals] == [Level.ERROR] * 4
    assert str(caught.value).splitlines()[:2] == [
        f'policy/invalid: {path.as_posix()}:2:1 pins.unpinned has to be "deny" or "warn" or "allow"',
        "hint: mend that line of the policy",
    ]


def test_a_project_file_is_pointed_into_too(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[tool.envbuilder.pins]\n# why\nunpined = 'deny'\n"
    with pytest.raises(PolicyRefused, match=r"pyproject.toml:5:1 the policy has no key 'pins.unpined'"):
        read_policy(write(tmp_path, text, "pyproject.toml"))


@pytest.mark.parametrize("section", ["", "[levels]\n", "[pins]\n"])
def test_a_flood_of_mistakes_is_cut(tmp_path: Path, section: str) -> None:
    text = section + "".join(f"k{number} = 1\n" for number in range(50_000))
    with pytest.raises(PolicyRefused) as caught:
        read_policy(write(tmp_path, text))
    assert len(caught.value.refusals) == 100


@pytest.mark.parametrize(
    "content",
    [
        b"x" * (LONGEST + 1),
        b"a = " + b"[" * 50_000,
        b"\xff",
        b"\xef\xbb\xbfa = 1",
        b"a = 99999-01-01",
        b"\0",
        b"x" * 900_000 + b" = 1",
    ],
    ids=["too long", "too deep", "no utf-8", "a mark", "no date", "a null", "a long key"],
)
def test_hostile_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "envbuilder.toml"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=r"envbuilder\.toml"):
        read_policy(path)


def test_keys_and_values_cannot_move_the_cursor_or_tell_secrets(tmp_path: Path) -> None:
    text = '"\\u001b[2J" = 1\n"https://u:pw@h.example.org" = 1\n'
    with pytest.raises(PolicyRefused) as caught:
        read_policy(write(tmp_path, text))
    assert "\x1b" not in str(caught.value)
    assert "pw" not in str(caught.value).replace(str(tmp_path), "")


def test_places_are_looked_for_only_where_something_is_pointed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from envbuilder.policyfile import places

    def refuse(*_: object) -> None:
        raise AssertionError("the text was scanned")

    monkeypatch.setattr(places, "_Scan", refuse)
    policy = read_policy(write(tmp_path, '[channels]\nallow = ["a"]\n[pins]\nunpinned = "deny"\n'))
    assert policy.channels.allow == ("a",)
    assert policy.pins.unpinned == "deny"


def test_the_key_of_a_resolution_is_not_moved_by_what_only_reports(tmp_path: Path) -> None:
    text = '[channels]\nallow = ["a"]\n[pins]\nunpinned = "deny"\n[licenses]\nallow = ["MIT"]\n'
    policy = read_policy(write(tmp_path, text))
    assert policy.resolution_key == DEFAULT.resolution_key
    assert policy.digest != DEFAULT.digest


def test_a_policy_is_what_it_says_wherever_it_says_it(tmp_path: Path) -> None:
    entry = '[[licenses.exception]]\npackage = "a"\nallow = ["MIT"]\nreason = "r"\n'
    one = read_policy(write(tmp_path, entry))
    other = read_policy(write(tmp_path, f"# moved\n\n{entry}", "other.toml"))
    assert one == other
    assert one.digest == other.digest
    assert one.licenses.exceptions[0].origin.line == 1
    assert other.licenses.exceptions[0].origin.line == 3
