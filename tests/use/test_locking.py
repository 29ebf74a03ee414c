"""One lock for one question, for ever, whoever asks."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError, InputRefused, ResolveError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import CondaPackage, Lock
from envbuilder.policy import DEFAULT, Conda, Policy
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.spec import CondaName, Rewritten
from envbuilder.store.store import Store
from envbuilder.use.locking import lock_model
from tests.store import fakes
from tests.use.conftest import RESOLVED, Stages

ROOT = Path(__file__).parents[2]


def test_the_second_time_the_store_has_the_lock(model: Path, settings: Settings, stages: Stages) -> None:
    first = lock_model(model, settings=settings)
    second = lock_model(model, settings=settings)
    assert (first.known, second.known, stages.resolutions) == (False, True, 1)
    assert first.lock.lock_id == second.lock.lock_id
    assert first.lock.changes == second.lock.changes == (RESOLVED,)
    assert second.lock.spec_id == second.rewritten.spec_id
    assert first.resolve_seconds > 0


def test_a_model_that_asks_for_the_same_gets_the_same_lock(
    model: Path, settings: Settings, stages: Stages
) -> None:
    lock_model(model, settings=settings)
    (model / "requirements.txt").write_text("# a comment\nMLflow == 2.9.2\nThing==1.0 \n-r more.txt\n")
    assert lock_model(model, settings=settings).known


def test_another_day_is_another_question(model: Path, settings: Settings, stages: Stages) -> None:
    lock_model(model, settings=settings)
    text = (model / "MLmodel").read_text()
    (model / "MLmodel").write_text(text.replace("2024-01-02", "2024-01-03"))
    assert not lock_model(model, settings=settings).known


def test_now_is_today_and_not_the_day_on_which_it_was_first_said(
    model: Path, settings: Settings, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Request(as_of="now")
    lock_model(model, settings=settings, request=now)
    assert lock_model(model, settings=settings, request=now).known
    monkeypatch.setattr("envbuilder.use.keys.today", lambda: "2031-01-01")
    assert not lock_model(model, settings=settings, request=now).known


def test_the_proof_of_the_lock_is_this_models_own(model: Path, settings: Settings, stages: Stages) -> None:
    lock_model(model, settings=settings)
    text = (model / "MLmodel").read_text()
    (model / "MLmodel").write_text(text.replace("mlflow.sklearn", "mlflow.xgboost"))
    locked = lock_model(model, settings=settings)
    assert locked.known
    assert "mlflow.xgboost" in locked.lock.imports


def test_refresh_asks_again_and_the_answer_stays(model: Path, settings: Settings, stages: Stages) -> None:
    lock_model(model, settings=settings)
    stages.interpreter = replace(stages.interpreter, version="3.8.99")
    new = lock_model(model, settings=settings, request=Request(refresh=True))
    assert (new.known, stages.resolutions) == (False, 2)
    again = lock_model(model, settings=settings)
    assert (again.known, again.lock.lock_id) == (True, new.lock.lock_id)


def test_no_solution_is_remembered_until_refresh(model: Path, settings: Settings, stages: Stages) -> None:
    stages.error = ResolveError("nothing satisfies thing")
    for _ in range(3):
        with pytest.raises(ResolveError, match="nothing satisfies thing"):
            lock_model(model, settings=settings)
    assert stages.resolutions == 1
    stages.error = None
    with pytest.raises(ResolveError, match="--refresh tries again"):
        lock_model(model, settings=settings)
    assert not lock_model(model, settings=settings, request=Request(refresh=True)).known
    assert lock_model(model, settings=settings).known


@pytest.mark.parametrize("offline", [True, False])
def test_a_failure_without_network_is_not(
    model: Path, settings: Settings, stages: Stages, offline: bool
) -> None:
    stages.error = ResolveError("x") if offline else ResolveError("x", code="resolve/network")
    with pytest.raises(ResolveError):
        lock_model(model, settings=settings, request=Request(offline=offline))
    stages.error = None
    assert not lock_model(model, settings=settings).known


def test_refused_input_makes_no_store_entry(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    (model / "requirements.txt").write_text("-r ../../etc/passwd\n")
    with pytest.raises(InputRefused):
        lock_model(model, settings=settings)
    assert stages.resolutions == 0
    assert [path for path in store.layout.record("requests").parent.rglob("*") if path.is_file()] == []


def test_many_that_ask_at_once_resolve_once(model: Path, settings: Settings, tmp_path: Path) -> None:
    code = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        import envbuilder.use.locking as locking
        from envbuilder.settings import Settings
        from tests.use.conftest import FakeInterpreters, Stages
        FakeInterpreters.stages = stages = Stages()
        def resolve(*args, **options):
            open(sys.argv[2], "a").write("resolved\\n")
            time.sleep(0.3)
            return stages.resolve(*args, **options)
        locking.resolve = resolve
        locking.Interpreters = FakeInterpreters
        print(locking.lock_model(Path(sys.argv[1]), settings=Settings.from_environ()).lock.lock_id)
    """)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(settings.home)}
    argv = [sys.executable, "-c", code, str(model), str(tmp_path / "log")]
    children = [subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({child.communicate(timeout=60)[0] for child in children}) == 1
    assert [child.returncode for child in children] == [0] * 4
    assert (tmp_path / "log").read_text() == "resolved\n"


class Channels:
    """A conda engine that answers at once; it stands in for ``resolve_conda``."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: EnvbuilderError | None = None
        self.changes: tuple[Change, ...] = ()

    def resolve(self, rewritten: Rewritten, **_: object) -> Lock:
        self.asked += 1
        if self.error:
            raise self.error
        url = "https://conda.anaconda.org/conda-forge"
        package = CondaPackage(
            name=CondaName("rdkit"), version="2018.9", build="0", channel=url, subdir="linux-64",
            filename="rdkit-2018.9-0.conda", url=SafeUrl(f"{url}/linux-64/rdkit-2018.9-0.conda"), sha256="0" * 64, md5="0" * 32,
        )  # fmt: skip
        changes = (*rewritten.changes, *self.changes)
        return replace(
            fakes.lock(), engine="conda", conda=(package,), spec_id=rewritten.spec_id, changes=changes
        )


@pytest.fixture
def channels(model: Path, monkeypatch: pytest.MonkeyPatch) -> Channels:
    """A model that asks conda for a package in a version that the index does not have."""
    (model / "conda.yaml").write_text(
        "channels:\n- conda-forge\ndependencies:\n- python=3.8.8\n- rdkit=2018.9\n"
    )
    fake = Channels()
    monkeypatch.setattr("envbuilder.conda.resolution.resolve_conda", fake.resolve)
    return fake


@pytest.fixture
def desk(
    model: Path, settings: Settings, stages: Stages, channels: Channels
) -> tuple[Path, Settings, Stages, Channels]:
    return model, settings, stages, channels


RDKIT = Origin(file="conda.yaml", line=5, column=3)
VANISHED = Change(code="pin/vanished", message="the nearest is 2022", effect=Effect.DEGRADED, origin=RDKIT)


def test_what_the_index_lacks_of_conda_s_comes_from_there(
    model: Path, settings: Settings, stages: Stages, channels: Channels
) -> None:
    stages.error = ResolveError("no rdkit", requirements=((RDKIT, "rdkit==2018.9"),))
    for known in (False, True):
        locked = lock_model(model, settings=settings)
        assert (locked.choice.engine, locked.choice.names) == ("conda", ("rdkit",))
        assert locked.choice.reason == "the package index lacks what is asked for: rdkit"
        assert (locked.known, len(locked.lock.conda)) == (known, 1)
        assert locked.lock.spec_id == locked.rewritten.spec_id
    assert (stages.resolutions, channels.asked) == (1, 1)


def test_another_version_than_the_one_named_does_only_where_channels_have_no_better(
    model: Path, settings: Settings, stages: Stages, channels: Channels
) -> None:
    stages.changes = (VANISHED,)
    assert lock_model(model, settings=settings).choice.engine == "conda"
    channels.changes = (VANISHED,)
    again = Request(refresh=True)
    assert lock_model(model, settings=settings, request=again).choice.engine == "auto"
    channels.error = ResolveError("no channel has it")
    locked = lock_model(model, settings=settings, request=again)
    assert (locked.choice.engine, locked.lock.changes) == ("auto", (*locked.rewritten.changes, VANISHED))


@pytest.mark.parametrize(
    ("asked", "policy", "told"),
    [
        (Request(engine="uv"), DEFAULT, (RDKIT, "resolve/no-solution")),
        (Request(), Policy(conda=Conda(engine="never")), (RDKIT, "resolve/no-solution")),
        (Request(), DEFAULT, (Origin(file="requirements.txt", line=2, column=1), "resolve/no-solution")),
        (Request(), DEFAULT, (RDKIT, "resolve/network")),
    ],
)
def test_the_first_answer_stands(
    desk: tuple[Path, Settings, Stages, Channels], asked: Request, policy: Policy, told: tuple[Origin, str]
) -> None:
    model, settings, stages, channels = desk
    stages.error = ResolveError("no rdkit", requirements=((told[0], "x"),), code=told[1])
    with pytest.raises(ResolveError, match="no rdkit"):
        lock_model(model, settings=settings, request=asked, policy=policy)
    assert channels.asked == 0


def test_where_neither_has_it_the_index_s_reason_is_told(
    model: Path, settings: Settings, stages: Stages, channels: Channels
) -> None:
    stages.error = ResolveError("no rdkit", requirements=((RDKIT, "rdkit==2018.9"),))
    channels.error = ResolveError("no channel has it")
    with pytest.raises(ResolveError, match="no rdkit"):
        lock_model(model, settings=settings)
