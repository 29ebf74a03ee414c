"""Texts of every format that a model, a host or a tool may hand us: nearly right, so that they get far."""

from __future__ import annotations

import json

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "numpy", "scikit-learn", "sklearn", "mlflow", "torch", "dataclasses", "Typing_Extensions", "pip", "wheel",
        "python", "a", "x" * 129, "", "conda.yaml", "../up", "${A}", "null", "~", "yes", "3.10", "1e3", "0x10",
    ]
)  # fmt: skip
JUNK = st.text(
    st.sampled_from("ab1.-_=<>!~,;:@#[](){}'\"\\/|*&?%$ \t\r\n\x00\x1b\u2028\u202e\ufeff\u212a\u00e9"),
    max_size=8,
)
VERSIONS = st.sampled_from(
    [
        "", "==1.0", "=3.0.3", "==1.9.0+cu102", ">=1,<2", "~=1.1", "==1.*", "===odd", "!=1", "==1!2.post1.dev3",
        "== 1.0 , <2", "=1.2=py38_0", "=1.2.*", " 1.2 py38*", ">=1|2.*", "==" + "1" * 130, "=", "==", ">=1,==2",
    ]
)  # fmt: skip
EXTRAS = st.sampled_from(
    ["", "[a]", "[a,B]", " [ a , b ]", "[a", "[version='>=1',build=b]", "[url='file:x']"]
)
MARKERS = st.sampled_from(
    ["", "; python_version < '3.9'", " ; os_name=='x' or (extra == 'a')", ";", "; x", " ; '" + "(" * 70]
)
CHANNELS = st.sampled_from(
    [
        "defaults", "conda-forge", "Conda-Forge", "nodefaults", "anaconda", "pkgs/main", "pytorch", "../x", "r",
        "https://u:p@repo.anaconda.com/t/x/pkgs/r/linux-64", "conda-forge/label/dev", "http://example.org/c",
        "file:///c", "$C", "c:\\x",
    ]
)  # fmt: skip
URLS = st.sampled_from(
    [
        "https://u:p@example.org/a-1.0-py3-none-any.whl#sha256=00", "git+https://example.org/a@v1#egg=a",
        "git+ssh://git@example.org/a@" + "0" * 40, "file:///etc/x.tar.gz", "./wheels/a-1.0-py3-none-any.whl", "-o",
        "https://[x", "//example.org/a.zip", "a.whl", "http://example.org:99999/a.zip",
    ]
)  # fmt: skip
OPTIONS = st.sampled_from(
    [
        "-i", "--index-url=", "--extra-index-url ", "-f", "--find-links ", "--hash=sha256:" + "0" * 64, "--pre",
        "--no-binary ", "-e ", "-r ", "-c ", "-rr.txt", "--req", "--trusted-host h", "--nonsense", "-", "--",
        "--hash=md5:0", '--global-option="x', "-C a=b",
    ]
)  # fmt: skip


def joined(*parts: st.SearchStrategy[str], between: str = "") -> st.SearchStrategy[str]:
    """Return texts of one of each part in a row."""
    return st.tuples(*parts).map(between.join)


REQUIREMENTS = st.one_of(
    joined(WORDS, EXTRAS, VERSIONS, MARKERS),
    joined(WORDS, st.just(" @ "), URLS, MARKERS),
    joined(OPTIONS, st.one_of(URLS, WORDS, st.just(""))),
    joined(WORDS, VERSIONS, st.just(" "), OPTIONS),
    URLS, JUNK,
)  # fmt: skip
NOT_ON_CONDA_FORGE = st.sampled_from(
    ["numpy-base", "anaconda", "_libgcc_mutex", "blas", "cpuonly", "mxnet", "keras-gpu", "redis", "__glibc"]
)
FILES = st.sampled_from(
    [
        "https://conda.anaconda.org/conda-forge/noarch/pip-21.0-py_0.conda#" + "0" * 32,
        "https://repo.anaconda.com/pkgs/main/linux-64/python-3.8.8-h1_5.tar.bz2",
        "a[url='https://c.example.org/x/linux-64/a-1-0.conda', sha256=" + "0" * 64 + "]",
    ]
)
SPECS = st.one_of(
    joined(NOT_ON_CONDA_FORGE, VERSIONS), FILES, joined(WORDS, VERSIONS), joined(CHANNELS, st.just("::"), WORDS, VERSIONS, EXTRAS), URLS, joined(WORDS, EXTRAS),
    JUNK,
)  # fmt: skip
LINES = st.lists(
    joined(REQUIREMENTS, st.sampled_from(["", "  # why", " #", " \\", "\\\n  "])), max_size=8
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n# c\n", "\\\n"])


@st.composite
def requirement_files(draw: st.DrawFn) -> bytes:
    """Requirements files, in UTF-8 and UTF-16, with a coding line now and then."""
    head = draw(st.sampled_from(["", "", "", "# coding: utf-8\n", "# vim: coding=utf-7\n"]))
    text = head + draw(ENDS).join(draw(LINES)) + draw(st.sampled_from(["", "\n"]))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"])))


@st.composite
def yaml_scalars(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """Return a text as YAML may write it, or something that is none."""
    text = draw(texts)
    style = draw(st.sampled_from(["plain", "plain", "single", "double", "odd"]))
    if style == "single":
        return "'" + text.replace("'", "''").replace("\n", " ") + "'"
    if style == "double":
        return json.dumps(text)
    if style == "odd":
        return draw(st.sampled_from(["!!str ", "&a ", "*a", "|\n ", "[]", "{}", "? "])) + text
    return text.replace("\n", " ")


@st.composite
def yaml_lists(draw: st.DrawFn, key: str, items: st.SearchStrategy[str], indent: str = "") -> str:
    """Return a key with a list, in lines or in brackets, sometimes with none."""
    found = draw(st.lists(items, max_size=5))
    comment = draw(st.sampled_from(["", "", " # why"]))
    if draw(st.integers(0, 4)) == 0:
        return f"{indent}{key}: [{', '.join(found)}]{comment}"
    if draw(st.integers(0, 9)) == 0:
        return f"{indent}{key}: {draw(st.sampled_from(['', '~', 'x', '{}']))}{comment}"
    step = draw(st.sampled_from(["", "  "]))
    return "\n".join([f"{indent}{key}:{comment}", *(f"{indent}{step}- {item}{comment}" for item in found)])


def _file(blocks: list[str], end: str) -> str:
    return "\n".join(blocks).replace("\n", end) + end


@st.composite
def conda_files(draw: st.DrawFn) -> str:
    """Conda files."""
    pip = yaml_lists("pip", yaml_scalars(REQUIREMENTS), "  ").map(str.lstrip)
    item = st.one_of(yaml_scalars(SPECS), yaml_scalars(SPECS), yaml_scalars(WORDS))
    blocks = [
        draw(yaml_lists("channels", yaml_scalars(CHANNELS))),
        draw(yaml_lists("dependencies", item)) + draw(st.one_of(st.just(""), pip.map(lambda t: f"\n- {t}"))),
        draw(
            st.sampled_from(
                ["name: x", "name: ../x", "variables: {A: b}", "prefix: /p", "chanels: [r]", "# c"]
            )
        ),
    ]
    kept = draw(st.permutations(blocks))[: draw(st.integers(1, 3))]
    return _file(kept, draw(st.sampled_from(["\n", "\r\n"])))


@st.composite
def python_envs(draw: st.DrawFn) -> str:
    """python_env.yaml files."""
    python = draw(yaml_scalars(st.sampled_from(["3.8.8", "3.8", "3.10", "3.x", "/bin/sh", "3.12.0rc1", ""])))
    blocks = [
        f"python: {python}",
        draw(yaml_lists("build_dependencies", yaml_scalars(REQUIREMENTS))),
        draw(yaml_lists("dependencies", yaml_scalars(REQUIREMENTS))),
    ]
    return _file(draw(st.permutations(blocks)), "\n")


_PATHS = st.sampled_from(
    ["conda.yaml", "python_env.yaml", "../x", "/etc/passwd", "requirements.txt", "a b", ""]
)


@st.composite
def mlmodels(draw: st.DrawFn) -> str:
    """MLmodel files."""
    env = draw(
        st.one_of(
            yaml_scalars(_PATHS),
            st.tuples(_PATHS, _PATHS).map(lambda pair: f"{{conda: '{pair[0]}', virtualenv: '{pair[1]}'}}"),
        )
    )
    word = yaml_scalars(st.one_of(WORDS, JUNK))
    lines = [
        "flavors:", "  python_function:", f"    env: {env}", f"    loader_module: {draw(word)}",
        f"    python_version: {draw(word)}", "  sklearn:", f"    sklearn_version: {draw(word)}",
        f"    {draw(st.sampled_from(['code', 'data', 'model_path']))}: {draw(yaml_scalars(_PATHS))}",
        f"mlflow_version: {draw(word)}", f"run_id: {draw(word)}", f"model_uuid: {draw(word)}",
        f"utc_time_created: {draw(yaml_scalars(st.datetimes().map(str) | JUNK))}",
    ]  # fmt: skip
    dropped = draw(st.integers(0, len(lines)))
    return _file([line for number, line in enumerate(lines) if number != dropped], "\n")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
"""What JSON can hold."""


@st.composite
def damaged(draw: st.DrawFn, texts: tuple[str, ...]) -> str:
    """Return one of the JSON objects with a value that it should not have, or without one."""
    value = json.loads(draw(st.sampled_from(texts)))
    place = value
    while isinstance(place, dict) and place:
        key = draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and draw(st.booleans()):
            place = place[key]
        elif draw(st.booleans()):
            place[key] = draw(VALUES)
            break
        else:
            del place[key]
            break
    return json.dumps(value)


@st.composite
def mangled(draw: st.DrawFn, texts: tuple[str, ...]) -> str:
    """Return one of the texts with a word, a line or a value replaced."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(JUNK, WORDS, VERSIONS, st.text(max_size=4))) + text[end:]
    return text
