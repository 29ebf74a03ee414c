"""What the rows of a comparison share, each part made when the first row asks for it."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contenders import (
    LAUNCHER,
    BareUv,
    Mlflow,
    Ours,
    PipTools,
    Work,
    cleaned,
    missing,
)
from benchmarks.shop import SEEDS, Good, open_shop, stock
from envbuilder.interpreters.choice import Interpreters
from envbuilder.interpreters.managed import uv_binary
from envbuilder.reader.model import read_model
from envbuilder.resolver.pylock import write_pylock
from envbuilder.settings import Settings, own_environment
from envbuilder.use.locking import lock_model
from envbuilder.use.restoration import restore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack
    from http.client import HTTPConnection

    from envbuilder.spec import PypiRequirement
    from envbuilder.workers.loading import LoadedModel

MODULES = 4980
"""With their bytecode, folders and scripts some 10,000 files."""


class Bench:
    """The folder of a comparison and what stands in it."""

    def __init__(
        self, folder: Path, model: Path, mlflow: Path | None, stack: ExitStack, *, modules: int = MODULES
    ) -> None:
        self.folder = folder
        self.model = model
        self.absent: list[str] = []
        """Peers that cannot take part, each with its reason."""
        self.modules = modules
        self._mlflow = mlflow
        self._stack = stack
        self.settings = Settings.from_environ()
        self.environ = cleaned(own_environment(), self.settings)
        self.launcher = folder / "envbuilder"
        self.launcher.write_text(LAUNCHER)

    @functools.cached_property
    def work(self) -> Work:
        """The model with its lock; nothing of it is in any cache but that of the lock's own store."""
        settings = dataclasses.replace(self.settings, home=self.folder / "locking")
        lock = lock_model(self.model, settings=settings).lock
        interpreters = Interpreters(settings=settings, folder=self.folder / "pythons")
        pylock, requirements = self.folder / "pylock.toml", self.folder / "requirements.in"
        pylock.write_text(write_pylock(lock))
        requirements.write_text(asked(read_model(self.model).pypi))
        return Work(
            folder=self.folder,
            model=self.model,
            interpreter=interpreters.choose(lock.target.python),
            uv=uv_binary(settings),
            lock=lock,
            pylock=pylock,
            requirements=requirements,
            environ=self.environ,
        )

    @property
    def ours(self) -> Ours:
        """Our side."""
        return Ours(work=self.work)

    def fill(self) -> None:
        """Let our store and uv's cache have every package, and our store the bytecode and a ready environment."""
        uv, ours = BareUv(work=self.work), self.ours
        if not uv.prefix.exists():
            environ = self.environ | {"UV_CACHE_DIR": str(uv.cache)}
            for command in uv.install(self.work.pylock):
                subprocess.run(command, env=environ, check=True, capture_output=True)
        subprocess.run(
            ours.command("build", str(self.model)), env=ours.environ, check=True, capture_output=True
        )

    @functools.cached_property
    def peers(self) -> tuple[Mlflow | PipTools, ...]:
        """Those that can take part, none without a Python of MLflow's; ``absent`` then names the others."""
        if self._mlflow is None:
            return ()
        managers = [
            Mlflow(work=self.work, python=self._mlflow, manager=name) for name in ("uv", "virtualenv")
        ]
        present, absent = missing([*managers, PipTools(work=self.work)])
        self.absent += absent
        return tuple(present)

    @functools.cached_property
    def shop(self) -> tuple[Good, dict[str, str]]:
        """A model whose environment has some 10,000 files, and the variables of commands that take it."""
        return self._shop("shop", self.modules)

    @functools.cached_property
    def small_shop(self) -> tuple[Good, dict[str, str]]:
        """The same with a few files."""
        return self._shop("small-shop", 10)

    def _shop(self, name: str, modules: int) -> tuple[Good, dict[str, str]]:
        folder = self.folder / name
        (good,) = stock(folder, 1, modules=modules)
        index = self._stack.enter_context(open_shop(folder))
        return good, self.environ | {"ENVBUILDER_HOME": str(folder / "store"), "UV_DEFAULT_INDEX": index}

    @functools.cached_property
    def serving(self) -> tuple[LoadedModel, HTTPConnection, Path]:
        """A loaded model, a connection to MLflow's scoring server of the same, and the model's folder."""
        from benchmarks import predict_calls
        from envbuilder.workers.loading import load

        settings = dataclasses.replace(self.settings, home=self.folder / "predict")
        path = predict_calls.write_model(self.folder / "first-column")
        restored = restore(predict_calls.FIXTURES / "sklearn-3.1", settings=settings)
        model = self._stack.enter_context(load(restored, path, timeout=600))
        return model, self._stack.enter_context(predict_calls.server(model, path)), path


def asked(requirements: Iterable[PypiRequirement]) -> str:
    """Return what a model asks for as a requirements file, with the packages that every environment has."""
    named = {line.name: line for line in requirements}
    lines = [
        name + (f"[{','.join(line.extras)}]" if line.extras else "") + line.specifier
        + (f"; {line.marker}" if line.marker else "")
        for name, line in named.items()
    ]  # fmt: skip
    return "".join(f"{line}\n" for line in [*lines, *(name for name, _ in SEEDS if name not in named)])
