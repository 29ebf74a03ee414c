"""An environment whose MLflow is a few lines, so that a model starts at once; the rest is real."""

from __future__ import annotations

import sys
import venv
from pathlib import Path
from typing import Any

from envbuilder.environment import Environment
from envbuilder.store.store import Store
from envbuilder.use.restoration import Restored, Seconds
from envbuilder.workers.loading import LoadedModel, load
from tests.workers.conftest import model_of

MLFLOW = """\
import importlib, os, sys


class Loaded:
    def __init__(self, inner):
        self.inner = inner

    def predict(self, data{params}):
        return self.inner.predict(data{passed})


def load_model(path):
    sys.path.insert(0, os.path.join(path, "code"))
    text = open(os.path.join(path, "MLmodel")).read()
    name = text.split("loader_module: ")[1].split()[0]
    return Loaded(importlib.import_module(name)._load_pyfunc(path))
"""

ENV_ID = "e" * 64


def environment(folder: Path, *, params: bool = True) -> Path:
    """Make it below a folder, and return its prefix."""
    prefix = folder / "env"
    venv.create(prefix, symlinks=True)
    (packages,) = prefix.glob("lib/python*/site-packages")
    (packages / "mlflow").mkdir()
    (packages / "mlflow" / "__init__.py").write_text('__version__ = "9.9"\n')
    parts = {"params": ", params=None", "passed": ", params"} if params else {"params": "", "passed": ""}
    (packages / "mlflow" / "pyfunc.py").write_text(MLFLOW.format(**parts))
    return prefix


def restored(store: Store, prefix: Path) -> Restored:
    import datetime

    return Restored(
        model="stub",
        environment=Environment(
            env_id=ENV_ID, lock_id="", prefix=prefix, python=prefix / "bin" / "python",
            python_version=sys.version.split()[0], built_at=datetime.datetime.now(datetime.timezone.utc), packages=1,
        ),
        lease=store.lease(ENV_ID), hit=True, spec_id="", lock_id="", engine="uv", python_requested=None,
        as_of=None, changes=(), seconds=Seconds(total=0.0), files=(), absent=(),
    )  # fmt: skip


def started(folder: Path, prefix: Path, code: str, *, extra: str = "", **options: Any) -> LoadedModel:
    """Load a model of ``code`` (a function ``predict``) in the environment."""
    store = Store.open(folder / "store")
    number = len(list(folder.glob("model*")))
    model = model_of(folder / f"model{number}", code, extra=extra)
    return load(restored(store, prefix), model, **{"timeout": 60.0} | options)
