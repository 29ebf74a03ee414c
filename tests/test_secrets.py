"""Secrets planted in every position of a model's files, and in the host's index: nothing written holds them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.auditor.auditing import audit
from envbuilder.auditor.baseline import baseline_text
from envbuilder.auditor.judging import Terms
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Level
from envbuilder.reader.model import examine_model, read_model
from envbuilder.report.formats import FORMATS, writer
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.store.layout import FOLDERS, Layout
from envbuilder.store.records import Records
from tests.builder.wheelsmith import make_wheel, repack_pip
from tests.conftest import Cli
from tests.webserver import SECRET as INDEX_SECRET
from tests.webserver import TOKEN, Server, serving, write_page

SECRET = "pl4ntedPa55"
URLS = (
    f"https://me:{SECRET}@example.org/simple",
    f"https://{SECRET}@example.org/simple",
    f"https://example.org/t/{SECRET}/simple",
    f"https://example.org/simple?token={SECRET}",
    f"git+https://oauth2:{SECRET}@example.org/a/b",
    f"me:{SECRET}@example.org:a/b.git",
)
"""Each form of a secret in a URL."""

LINES = (
    "-i {}", "--index-url={}", "--extra-index-url {}", "-f {}", "--find-links={}", "--trusted-host {}", "-r {}",
    "-c {}", "-e {}", "-e a@{}", "-C {}", "--unknown={}", "--no-binary {}", "{}", "a @ {}", "a @ {} ; os_name == 'x'",
    "a=={}", "a[{}]", "a ; os_name == '{}'", "a ; {}", "a --hash={}", "a --hash=sha256:{}", "a --global-option='{}'",
    "a --config-settings={}", "a  # {}", "# {}", "./{}", "'{}'", "a {}", "-r '{}", "--requirement", "a \\\n{}",
    "a @ {}#sha256=00", "a @ {}#egg=b", "${{A}}{}", "a==1,{}", "-i {} -r b.txt", "a==1 -e {}",
)  # fmt: skip
"""A secret in each position of a requirement line."""

CONDA = (
    "channels: [{q}]", "channels: {q}", "channels: [{q}/pkgs/main, defaults]", "channels: [[{q}]]", "channels: {{{q}: x}}",
    "dependencies: [{q}]", "dependencies: ['{}::a']", "dependencies: [\"a[channel='{}']\"]",
    "dependencies: [\"a[url='{}']\"]", "dependencies: [\"a[md5='{}']\"]", "dependencies: [\"a[build='{}']\"]",
    "dependencies: [\"a[subdir='{}']\"]", "dependencies: [\"a[version='{}']\"]", "dependencies: [\"a[license='x {}']\"]",
    "dependencies: ['a={}']", "dependencies: ['a {}']", "dependencies: ['a 1 {}']", "dependencies: ['python={}']",
    "dependencies: ['pip={}']", "dependencies: [{{{q}: x}}]", "dependencies: {q}", "dependencies: [a] # {}",
    "dependencies: ['a # {}']", "name: {q}", "prefix: {q}", "variables: {{A: {q}}}", "{q}: x", "{q}: {{}}\n{q}: {{}}",
    "a: !<{}> b", "a: *{}", "a: &x [*{}]", "a: '{}", "%TAG {}\n---\na: b", "channels: [defaults] # {}\ndependencies: []",
    "? [{q}]\n: b",
)  # fmt: skip
PYTHON_ENV = (
    "python: {q}", "python: [{q}]", "{q}: x", "dependencies: {q}", "build_dependencies: [[{q}]]", "python: 3.8 # {}",
)  # fmt: skip
MLMODEL = (
    "flavors: {{python_function: {{env: {q}}}}}", "flavors: {{python_function: {{env: {{conda: {q}, virtualenv: {q}}}}}}}",
    "flavors: {{python_function: {{loader_module: {q}}}}}", "flavors: {{python_function: {{python_version: {q}}}}}",
    "flavors: {{python_function: {{code: {q}, data: {q}}}}}", "flavors: {{{q}: {{}}}}", "flavors: {q}",
    "flavors: {{sklearn: {{sklearn_version: {q}, pickled_model: {q}}}}}", "flavors: {{pytorch: {{requirements_file: {q}}}}}",
    "flavors: {{pytorch: {{requirements_file: {{path: {q}}}}}}}", "mlflow_version: {q}", "run_id: {q}", "model_uuid: {q}",
    "utc_time_created: {q}", "{q}: x", "mlflow_version: [{q}]", "signature: {q}",
)  # fmt: skip


def _cases() -> Iterator[tuple[str, str, str]]:
    for line in LINES:
        yield "requirements.txt", f"numpy==1.21.0\n{line}\n", line
        if "\n" not in line and "'" not in line:
            yield "conda.yaml", f"dependencies: [a, {{{{pip: ['{line}']}}}}]\n", f"pip: {line}"
            yield "python_env.yaml", f"python: 3.8\ndependencies: ['{line}']\n", f"python_env: {line}"
    for name, templates in {"conda.yaml": CONDA, "python_env.yaml": PYTHON_ENV, "MLmodel": MLMODEL}.items():
        for template in templates:
            yield name, template + "\n", f"{name}: {template}"


def _write(root: Path, name: str, text: str) -> None:
    root.mkdir()
    (root / name).write_text(text, "utf-8")
    if name == "MLmodel":
        (root / "requirements.txt").write_text("numpy==1.21.0\n")


@pytest.mark.parametrize(("name", "template", "label"), [*_cases()], ids=lambda _: None)
def test_no_position_of_a_file_shows_its_secret(name: str, template: str, label: str, tmp_path: Path) -> None:
    for number, url in enumerate(URLS):
        if "./{}" in label and "://" not in url:
            continue  # that is the name of a folder, for every tool
        model = tmp_path / str(number)
        _write(model, name, template.format(url, q=f"'{url}'"))
        shown = {**_reported(model), **_read(model, tmp_path / f"store-{number}")}
        leaking = [where for where, text in shown.items() if SECRET in text]
        assert not leaking, (label, url, leaking, shown[leaking[0]])


def _reported(model: Path) -> dict[str, str]:
    report = audit([str(model)], terms=Terms(today=datetime.date(2026, 1, 1)))
    shown = {name: "".join(writer(name)(report, fail_on=Level.ERROR)) for name in FORMATS}
    return shown | {"baseline": "".join(baseline_text(report)), "report": repr(report)}


def _read(model: Path, store: Path) -> dict[str, str]:
    shown = {"spec": repr(examine_model(model))}
    try:
        spec = read_model(model)
        rewritten = rewrite(spec)
    except EnvbuilderError as error:
        return shown | {"error": str(error), "fields": repr(vars(error))}
    shown["changes"] = repr(rewritten.changes)
    for folder in FOLDERS:
        (store / folder).mkdir(parents=True)
    Records(Layout(store)).save_spec(rewritten)
    return shown | {str(path): path.read_text() for path in store.rglob("*.json")}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Server]:
    """An index on loopback that asks for a password."""
    folder = tmp_path / "index"
    folder.mkdir()
    names = ("numpy", "six", "setuptools", "wheel")
    wheels = [repack_pip(folder), *(make_wheel(folder, name, "1.21.0") for name in names)]
    modules = {"mlflow/__init__.py": "", "mlflow/pyfunc.py": ""}
    for wheel in (*wheels, make_wheel(folder, "mlflow", files=modules)):
        write_page(folder, wheel.name, [wheel])
    with serving(folder) as server:
        server.guarded = True
        yield server


def _plant(model: Path) -> None:
    url = f"https://me:{SECRET}@example.org/simple"
    model.mkdir()
    files = {
        "MLmodel": (
            f"flavors: {{python_function: {{env: conda.yaml, loader_module: '{url}'}}}}\nrun_id: '{url}'\n"
            f"mlflow_version: '{url}'\nmodel_uuid: '{url}'\n"
        ),
        "conda.yaml": (
            f"name: '{url}'\nchannels: ['{url}', conda-forge, nodefaults]\n"
            f"dependencies: [pip, '{url}::six', {{pip: ['--extra-index-url {url}', numpy]}}]\n"
        ),
        "requirements.txt": (f"# {url}\n-i {url}\n--find-links {url}\nnumpy==1.21.0  # {url}\nsix\nmlflow\n"),
    }
    for name, text in files.items():
        (model / name).write_text(text, "utf-8")


COMMANDS = (
    ("audit", "MODEL"), ("audit", "MODEL", "--output", "json"), ("explain", "MODEL"),
    ("explain", "MODEL", "--output", "json"), ("lock", "MODEL", "-o", "LOCK"), ("lock", "MODEL", "--output", "json"),
    ("build", "MODEL"), ("build", "MODEL", "--output", "json"), ("rewrite", "MODEL"),
    ("run", "MODEL", "--", "python", "-c", "import six"), ("cache", "list"), ("cache", "verify", "--deep"),
    ("cache", "gc", "--dry-run"), ("diff", "MODEL", "MODEL"), ("licenses", "MODEL"),
    ("check", "MODEL", "--as-of", "now"), ("export", "MODEL", "--form", "tree", "-o", "TREE"),
)  # fmt: skip
ASKING = frozenset({"explain", "lock", "build", "run", "licenses", "export"})


def _variables(url: str, home: Path) -> dict[str, str]:
    home.mkdir()
    secret = url.replace("http://", f"http://user:{INDEX_SECRET}@") + "/simple/"
    return {"UV_DEFAULT_INDEX": secret, "HOME": str(home), "TMPDIR": str(home)}


def _holding(*folders: Path) -> list[str]:
    """Return the files that hold a secret."""
    secrets = (SECRET.encode(), INDEX_SECRET.encode())
    files = (
        path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
    )
    return [str(path) for path in files if any(secret in path.read_bytes() for secret in secrets)]


def test_nothing_that_is_written_holds_a_secret(index: Server, cli: Cli, tmp_path: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    _plant(model)
    out.mkdir()
    variables = _variables(index.url, tmp_path / "home")
    names = {"MODEL": str(model), "LOCK": str(out / "pylock.toml"), "TREE": str(out / "tree.tar")}
    for command in COMMANDS:
        name, *rest = [names.get(word, word) for word in command]
        options = ["--python", "host", "--as-of", "now"] if name in ASKING else []
        done = cli(name, *options, *rest, home=tmp_path / "store", **variables)
        assert done.returncode in {0, 1}, done.stderr
        (out / name).write_text(done.stdout + done.stderr)
        assert _holding(out) == [], command
    assert list((tmp_path / "store" / "envs").rglob("manifest.json"))
    assert list((tmp_path / "store" / "requests").rglob("*.ticket"))
    assert _holding(tmp_path / "store", tmp_path / "home") == []
    assert TOKEN in {authorization for _, authorization in index.seen}


def test_no_failure_tells_a_secret(cli: Cli, tmp_path: Path) -> None:
    _plant(tmp_path / "model")
    variables = _variables("http://127.0.0.1:9", tmp_path / "home")
    done = cli("build", tmp_path / "model", "--python", "host", home=tmp_path / "store", **variables)
    assert done.returncode == 2
    (tmp_path / "store" / "told").write_text(done.stdout + done.stderr)
    assert _holding(tmp_path / "store", tmp_path / "home") == []
