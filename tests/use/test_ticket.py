"""A ticket answers as the long way would, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformdirs import user_cache_dir

from envbuilder.cli.main import run_command_line
from envbuilder.remote import uris
from envbuilder.remote.keeping import Keeping, Note
from envbuilder.remote.uris import address
from envbuilder.settings import Settings
from envbuilder.store.lease import try_exclusive
from envbuilder.store.store import Store
from envbuilder.use import ticket as tickets
from envbuilder.use.restoration import restore
from envbuilder.use.ticket import Ticket, answer, home_of, read, write
from tests.use.conftest import Stages

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A command line that has a ticket, and the places that it depends on."""

    arguments: tuple[str, ...]
    model: Path
    folder: Path
    home: Path
    prefix: Path
    config: Path

    @property
    def tickets(self) -> list[Path]:
        return sorted(self.home.glob("requests/v1/*.ticket"))


@pytest.fixture
def desk(
    model: Path, settings: Settings, stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    folder, config = tmp_path / "work", tmp_path / "config" / "pip" / "pip.conf"
    for path in (folder, config.parent):
        path.mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "ENVBUILDER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ENVBUILDER_HOME", str(settings.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(folder)
    arguments = ("build", "-q", str(model))
    assert run_command_line(arguments) == 0
    assert not list(settings.home.glob("requests/v1/*.ticket"))
    assert run_command_line(arguments) == 0
    restored = restore(model, settings=Settings.from_environ())
    restored.lease.close()
    assert restored.hit
    return Desk(
        arguments=arguments, model=model, folder=folder, home=settings.home, config=config,
        prefix=restored.environment.prefix,
    )  # fmt: skip


def test_the_second_hit_needs_no_command_line(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert answer(desk.arguments) == 0
    assert capfd.readouterr() == (f"{desk.prefix}\n", "")


def test_what_differs_from_the_logged_environment_is_told_again(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    loud = ("build", str(desk.model))
    capfd.readouterr()
    assert run_command_line(loud) == 0
    told = capfd.readouterr()
    assert "fidelity: " in told.err
    assert answer(loud) == 0
    assert capfd.readouterr() == told


def test_a_ticket_is_for_one_command_line(desk: Desk) -> None:
    assert answer(("build", str(desk.model), "-q")) is None
    assert answer(("build", "-q", "--strict", str(desk.model))) is None
    assert answer(("run", "-q", str(desk.model), "--", "true")) is None
    assert answer(("audit", str(desk.model))) is None
    assert answer(()) is None


def rewritten(path: Path, text: str) -> None:
    path.parent.chmod(0o755)
    if path.exists():
        path.chmod(0o644)
    path.write_text(text)


def linked(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


CHANGES: dict[str, Callable[[Desk, pytest.MonkeyPatch], object]] = {
    "the model's requirements": lambda d, _: rewritten(d.model / "requirements.txt", "thing==2.0\n"),
    "an included file": lambda d, _: rewritten(d.model / "more.txt", "another\n"),
    "a file that was not there": lambda d, _: rewritten(d.model / "conda.yaml", "dependencies: [python=3.8]\n"),
    "a file that is gone": lambda d, _: (d.model / "more.txt").unlink(),
    "a policy": lambda d, _: rewritten(d.folder / "envbuilder.toml", "[builds]\nsdist = 'never'\n"),
    "a project": lambda d, _: rewritten(d.folder / "pyproject.toml", ""),
    "the host's index": lambda d, _: rewritten(d.config, "[global]\nindex-url = https://example.org/simple\n"),
    "a variable": lambda _, m: m.setenv("UV_DEFAULT_INDEX", "https://example.org/simple"),
    "the folder": lambda d, m: m.chdir(d.home),
    "the store's format": lambda d, _: rewritten(d.home / "format.json", '{"format": 99}'),
    "the manifest": lambda d, _: rewritten(d.prefix / ".envbuilder" / "manifest.json", "{}"),
    "no manifest": lambda d, _: (d.prefix / ".envbuilder" / "manifest.json").unlink(),
    "a file of the environment": lambda d, _: rewritten(d.prefix / "lib/site/thing/__init__.py", "y"),
    "the index of files": lambda d, _: rewritten(d.prefix / ".envbuilder" / "files.idx", ""),
    "the ticket": lambda d, _: d.tickets[0].write_bytes(d.tickets[0].read_bytes()[:-1]),
    "a link instead of a file": lambda d, _: linked(d.model / "more.txt", d.folder / "more.txt"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_for_the_long_way(
    desk: Desk, change: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert answer(desk.arguments) == 0
    capfd.readouterr()
    CHANGES[change](desk, monkeypatch)
    assert answer(desk.arguments) is None
    assert capfd.readouterr() == ("", "")


def test_another_interpreter_is_for_the_long_way(desk: Desk) -> None:
    (path,) = desk.tickets
    ticket = read(path.read_bytes())
    assert ticket
    marks = tuple((name, size, mtime + 1) for name, size, mtime in ticket.marks)
    assert marks
    path.write_bytes(write(replaced(ticket, marks=marks)))
    assert answer(desk.arguments) is None


def replaced(ticket: Ticket, **changes: object) -> Ticket:
    fields = {name: getattr(ticket, name) for name in Ticket.__slots__}
    return Ticket(**{**fields, **changes})


def test_a_terminal_gets_its_colours_from_the_long_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = ("build", str(desk.model))
    assert run_command_line(loud) == 0
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert answer(loud) is None
    assert answer(desk.arguments) == 0


def test_what_was_written_while_the_policy_changed_is_no_ticket(
    model: Path, settings: Settings, stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads an old policy must not leave an answer under the new one."""
    monkeypatch.setenv("ENVBUILDER_HOME", str(settings.home))
    monkeypatch.chdir(tmp_path)
    assert run_command_line(("build", "-q", str(model))) == 0
    from envbuilder.use import restoration

    real = restoration.restore

    def late(*arguments: object, **options: object) -> object:
        (tmp_path / "envbuilder.toml").write_text("[builds]\nsdist = 'never'\n")
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(restoration, "restore", late)
    assert run_command_line(("build", "-q", str(model))) == 0
    assert not list(settings.home.glob("requests/v1/*.ticket"))


def envbuilder(desk: Desk, *words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start: Sequence[str] = ["-S", "-c", code] if code else ["-m", "envbuilder"]
    return subprocess.run(
        [sys.executable, *start, *words], cwd=desk.folder, text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_run_becomes_the_command_with_its_lease(desk: Desk, store: Store) -> None:
    key = desk.prefix.name
    assert run_command_line(("build", "-q", str(desk.model))) == 0
    lock = store.layout.use_lock(key)
    program = (
        "import fcntl, os, sys\n"
        f"fd = os.open({str(lock)!r}, os.O_RDWR)\n"
        "try: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: print('held', os.environ['VIRTUAL_ENV'])\n"
        "sys.exit(7)\n"
    )
    words = ("run", "-q", str(desk.model), "--", sys.executable, "-c", program)
    for _ in range(2):
        done = envbuilder(desk, *words)
        assert (done.returncode, done.stdout, done.stderr) == (7, f"held {desk.prefix}\n", "")
    assert len(desk.tickets) == 2
    descriptor = try_exclusive(lock)
    assert descriptor is not None
    os.close(descriptor)


def test_an_unknown_command_is_told_by_the_long_way(desk: Desk) -> None:
    done = envbuilder(desk, "run", "-q", str(desk.model), "--", "no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


def brought(desk: Desk, uri: str) -> Path:
    """Put the model into the store as what a URI led to; return its folder there."""
    settings = Settings.from_environ()
    keeping = Keeping(Store.open(desk.home).layout)
    staged = keeping.stage()
    for path in desk.model.iterdir():
        (staged / path.name).write_bytes(path.read_bytes())
    tree = keeping.keep(staged)
    keeping.save_note(address(uri, settings, wheels=False), Note(tree=tree, identity="models:/iris/3"))
    folder = keeping.tree(tree)
    assert folder
    return folder


URI_CHANGES: dict[str, Callable[[Desk, Path, pytest.MonkeyPatch], object]] = {
    "what the URI leads to": lambda d, _, __: brought(replaced_model(d), "models:/iris/3"),
    "a file in the store": lambda _, folder, __: rewritten(folder / "requirements.txt", "thing==2.0\n"),
    "the registry": lambda _, __, m: m.setenv("MLFLOW_TRACKING_URI", "http://example.org"),
    "where a registry would be": lambda d, _, m: m.chdir(d.home),
}


def replaced_model(desk: Desk) -> Desk:
    rewritten(desk.model / "requirements.txt", "thing==2.0\n")
    return desk


@pytest.mark.parametrize("change", URI_CHANGES)
def test_a_registered_version_has_a_ticket(desk: Desk, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, words = brought(desk, "models:/iris/3"), ("build", "-q", "models:/iris/3")
    assert answer(words) is None
    assert run_command_line(words) == 0
    assert answer(words) == 0
    URI_CHANGES[change](desk, folder, monkeypatch)
    assert answer(words) is None


@pytest.mark.parametrize("uri", ["models:/iris@champion", "models:/iris/Staging", "runs:/0123/model"])
def test_what_may_mean_another_model_tomorrow_has_none(desk: Desk, uri: str) -> None:
    brought(desk, uri)
    words = ("build", "-q", "--offline", uri)
    for _ in range(2):
        assert run_command_line(words) == 0
        assert answer(words) is None


def test_registries_are_told_apart_by_what_tells_their_uris_apart() -> None:
    assert tickets.SERVERS == uris.SERVERS


def test_a_refresh_is_asked_for_anew_each_time(desk: Desk, stages: Stages) -> None:
    refresh = ("build", "-q", "--refresh", str(desk.model))
    stages.builds = 0
    before = stages.resolutions
    for _ in range(2):
        assert answer(refresh) is None
        assert run_command_line(refresh) == 0
    assert stages.resolutions == before + 2


@pytest.mark.parametrize(
    "words",
    [
        ("run", "-q", "--", "MODEL", "true"),
        ("run", "MODEL", "-q", "true", "--", "./requirements.txt"),
        ("run", "-q", "MODEL", "true"),
    ],
)
def test_what_is_run_is_what_the_command_line_understood(desk: Desk, words: tuple[str, ...]) -> None:
    """A ticket takes what follows ``--``: it must be neither the model nor a word of the command."""
    planted = desk.model / "requirements.txt"
    planted.chmod(0o755)
    words = tuple(str(planted) if word == "MODEL" else word for word in words)
    assert run_command_line(("build", "-q", str(planted))) == 0
    for _ in range(2):
        done = envbuilder(desk, *words)
        assert (done.returncode, done.stderr) == (0, "")
    assert len(desk.tickets) == 1


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), str(tmp_path), "/dev/zero"):
        with pytest.raises(OSError, match=r"no file to hash|irectory"):
            tickets.sha256_of(path)


@pytest.mark.parametrize("what", ["prefix", "lock"])
def test_a_ticket_speaks_of_its_own_store_alone(what: str, desk: Desk, tmp_path: Path) -> None:
    (path,) = desk.tickets
    ticket = read(path.read_bytes())
    assert ticket is not None
    known: str = getattr(ticket, what)
    other = tmp_path / "other"
    other.mkdir()
    (other / "x").symlink_to(known)
    setattr(ticket, what, str(other / "x"))
    path.write_bytes(write(ticket))
    assert answer(desk.arguments) is None
    setattr(ticket, what, known)
    path.write_bytes(write(ticket))
    assert answer(desk.arguments) == 0


def test_files_below_the_first_level_are_for_the_long_way(desk: Desk) -> None:
    (desk.model / "below").mkdir()
    (desk.model / "more.txt").rename(desk.model / "below" / "more.txt")
    (desk.model / "requirements.txt").write_text("-r below/more.txt\n")
    for _ in range(3):
        assert run_command_line(desk.arguments) == 0
    (desk.model / "below").rename(desk.folder / "below")
    (desk.model / "below").symlink_to(desk.folder / "below")
    assert answer(desk.arguments) is None
    assert run_command_line(desk.arguments) == 2


def test_an_environment_that_is_taken_out_of_use_is_waited_for_by_the_long_way(
    desk: Desk, store: Store
) -> None:
    descriptor = try_exclusive(store.layout.use_lock(desk.prefix.name))
    assert descriptor is not None
    assert answer(desk.arguments) is None
    os.close(descriptor)
    assert answer(desk.arguments) == 0


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_files_of_the_store(desk: Desk, closed: str) -> None:
    """A file that gets the number of a closed stream would get what is written there."""
    told = "import os, sys; [os.write(n, b'said') for n in (1, 2)]; os.read(0, 1)"
    words = ("run", "-q", str(desk.model), "--", sys.executable, "-c", told)
    locks = [path for path in desk.home.rglob("*") if path.is_file() and "lk" in path.parts]
    assert locks
    before = [path.read_bytes() for path in locks]
    for _ in range(2):
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "envbuilder", *words],
            cwd=desk.folder, check=False, capture_output=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0
        assert done.stderr == (b"" if "2>" in closed else b"said")
        assert [path.read_bytes() for path in locks] == before


LIGHT = """
import sys
old = set(sys.modules)
from envbuilder.use.ticket import answer
assert answer(sys.argv[1:]) == 0
print(*sorted(set(sys.modules) - old), file=sys.stderr)
"""
HEAVY = {
    "click", "contextlib", "dataclasses", "enum", "json", "pathlib", "re", "shutil", "signal", "tempfile",
    "typing", "envbuilder.settings", "envbuilder.spec", "envbuilder.use.restoration",
}  # fmt: skip


def test_a_ticket_imports_next_to_nothing(desk: Desk) -> None:
    done = envbuilder(desk, *desk.arguments, code=LIGHT)
    assert done.stdout == f"{desk.prefix}\n"
    loaded = set(done.stderr.split())
    assert "envbuilder.store.index" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere envbuilder.settings alone knows the folder")
@pytest.mark.parametrize("environ", [{"HOME": "/h"}, {"HOME": "/h", "XDG_CACHE_HOME": "/c"}])
def test_the_store_is_where_the_settings_say(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert home_of(environ) == user_cache_dir("envbuilder", appauthor=False)
    assert home_of(environ) == str(Settings.from_environ(environ).home)
    assert home_of({}) is None


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(
    watched=st.lists(st.tuples(TEXT, TEXT)).map(tuple),
    marks=st.lists(st.tuples(TEXT, st.integers(), st.integers())).map(tuple),
    text=TEXT,
)
def test_what_is_written_is_read(
    watched: tuple[tuple[str, str], ...], marks: tuple[tuple[str, int, int], ...], text: str
) -> None:
    ticket = Ticket(
        env_id=text, prefix=text, lock=text, manifest=text, files_digest=text, told=text, watched=watched,
        marks=marks,
    )  # fmt: skip
    found = read(write(ticket))
    assert found
    assert all(getattr(found, name) == getattr(ticket, name) for name in Ticket.__slots__)


@given(st.binary())
def test_anything_else_is_no_ticket(content: bytes) -> None:
    assert read(content) is None
    assert tickets.MAGIC.encode() not in content
