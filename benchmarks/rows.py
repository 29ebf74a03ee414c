"""The rows of a comparison: what is done, by whom, and what we want to reach. Ours is the first side of each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import inside
from benchmarks.contenders import BareUv, Mlflow, PipTools, hashed, without_environments
from benchmarks.pairs import Side, take_turns
from benchmarks.store_rows import acquired, crowded, overlapping
from benchmarks.verdicts import Goal

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.bench import Bench
    from benchmarks.pairs import Runs

OURS = "envbuilder"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One kind of work. ``rounds`` is how often it is done unless the user says otherwise."""

    key: str
    title: str
    rounds: int
    measure: Callable[[Bench, int], tuple[Runs, ...]]
    goals: tuple[Goal, ...] = ()


def python(bench: Bench, name: str, code: str) -> Side:
    """Return a side that is one line of Python."""
    return Side(name=name, commands=((sys.executable, "-c", code),), environ=bench.environ)


def imports(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Import the package in a fresh process."""
    sides = [python(bench, OURS, "import envbuilder"), python(bench, "bare Python", "pass")]
    return take_turns(sides, rounds=rounds, warm_up=1)


def hit(bench: Bench, rounds: int, *, running: bool) -> tuple[Runs, ...]:
    """Ask by the command line for an environment that is ready."""
    bench.fill()
    ours, model = bench.ours, str(bench.model)
    command = ours.command("run", model, "--", "true") if running else ours.command("build", model)
    sides = [
        Side(name=OURS, commands=(command,), environ=ours.environ),
        python(bench, "import click", "import click"),
        *(peer.ready(2) for peer in bench.peers if isinstance(peer, Mlflow) and not running),
    ]
    return take_turns(sides, rounds=rounds, warm_up=2)


def known(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Build with the lock and the packages at hand."""
    bench.fill()
    lock = bench.folder / "hashed.txt"
    lock.write_text(hashed(bench.work.lock))
    tools = [p.side(cold=False, rounds=1, lock=lock) for p in bench.peers if isinstance(p, PipTools)]
    uv = [BareUv(work=bench.work).known(), replace(BareUv(work=bench.work, bytecode=True).known(), rounds=2)]
    return take_turns([bench.ours.known(), *uv, *tools], rounds=rounds, warm_up=1)


def unknown(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Resolve and build with the packages at hand."""
    bench.fill()
    sides = [bench.ours.unknown(), BareUv(work=bench.work).unknown()]
    return take_turns([*sides, *_slow(bench, cold=False)], rounds=rounds, warm_up=1)


def cold(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Resolve, fetch and build with nothing at hand."""
    sides = [bench.ours.cold(), *(BareUv(work=bench.work, bytecode=b).cold() for b in (False, True))]
    return take_turns([*sides, *_slow(bench, cold=True)], rounds=rounds)


def _slow(bench: Bench, *, cold: bool) -> list[Side]:
    return [peer.side(cold=cold, rounds=1) for peer in bench.peers]


def first_import(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Import the flavor in an environment that was just made."""
    bench.fill()
    code = f"import {', '.join(bench.work.lock.imports)}"
    (ours,) = bench.ours.home.glob("envs/v1/*/bin/python")
    prefixes = {OURS: ours}
    for uv in (BareUv(work=bench.work, bytecode=True), BareUv(work=bench.work)):
        uv.known().run()
        prefixes[uv.name] = uv.prefix / "bin" / "python"
    environ = bench.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    sides = [
        Side(name=name, commands=((str(path), "-I", "-B", "-c", code),), environ=environ)
        for name, path in prefixes.items()
    ]
    return take_turns(sides, rounds=rounds, warm_up=1)


def until_imported(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Build with the lock and the packages at hand, then import the flavor: until a model could be loaded."""
    bench.fill()
    code = f"import {', '.join(bench.work.lock.imports)}"
    uv = BareUv(work=bench.work)
    bare = uv.known()
    imported = (str(uv.prefix / "bin" / "python"), "-I", "-c", code)
    ours = bench.ours
    run = ours.command("run", str(bench.model), "--", "python", "-I", "-c", code)
    sides = [
        Side(
            name=OURS, commands=(run,), environ=ours.environ, before=partial(without_environments, ours.home)
        ),
        Side(name=bare.name, commands=(*bare.commands, imported), environ=bare.environ, before=bare.before),
    ]
    return take_turns(sides, rounds=rounds, warm_up=1)


def reused(bench: Bench, rounds: int, *, first: bool) -> tuple[Runs, ...]:
    """Take a ready environment in a process that has everything imported; MLflow's the same way."""
    sides = [acquired(bench, first=first, files=False)]
    for peer in bench.peers:
        if isinstance(peer, Mlflow) and peer.manager == "uv":
            peer.side(cold=False, rounds=1).run()
            path = os.pathsep.join([peer.environ["PATH"], os.defpath])
            sides.append(
                Side(
                    name=peer.name, own_clock=True, environ=peer.environ | {"PATH": path}, rounds=3,
                    commands=((str(peer.python), "-c", inside.MLFLOW_REUSE, str(bench.model), str(int(first))),),
                )
            )  # fmt: skip
    return take_turns(sides, rounds=rounds, warm_up=1)


def from_nothing(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """The same as whole processes: the imports, and one environment."""
    bench.fill()
    once = f"import envbuilder\nwith envbuilder.acquire({str(bench.model)!r}): pass"
    sides = [Side(name=OURS, commands=((sys.executable, "-c", once),), environ=bench.ours.environ)]
    for peer in bench.peers:
        if isinstance(peer, Mlflow) and peer.manager == "uv":
            code = f"from mlflow.utils.virtualenv import _get_or_create_virtualenv as g\ng({str(bench.model)!r}, env_manager='uv')"
            sides.append(
                Side(
                    name=peer.name, commands=((str(peer.python), "-c", code),), environ=peer.environ, rounds=3
                )
            )
    return take_turns(sides, rounds=rounds, warm_up=1)


def looked_at(bench: Bench, rounds: int, *, among: int) -> tuple[Runs, ...]:
    """The same of 10,000 files, each looked at, in a store of ``among`` environments."""
    side = acquired(bench, first=True, files=True)
    with crowded(bench.folder / "shop" / "store", among):
        return take_turns([side], rounds=rounds, warm_up=1)


ROWS = (
    Row(key="import", title="import the package", rounds=15, measure=imports,
        goals=(Goal(limit=1.2, beside="bare Python"),)),
    Row(key="hit-build", title="build, environment ready, whole process", rounds=15,
        measure=partial(hit, running=False), goals=(Goal(limit=1.3, beside="import click"),)),
    Row(key="hit-run", title="run, environment ready, whole process", rounds=15,
        measure=partial(hit, running=True), goals=(Goal(limit=1.3, beside="import click"),)),
    Row(key="acquire-first", title="acquire, ready, first of a process", rounds=9,
        measure=partial(reused, first=True), goals=(Goal(limit=1e-3),)),
    Row(key="acquire-later", title="acquire, ready, later ones", rounds=9,
        measure=partial(reused, first=False), goals=(Goal(limit=2e-4),)),
    Row(key="acquire-process", title="import and acquire, ready, whole process", rounds=9, measure=from_nothing),
    Row(key="acquire-files", title="acquire, first, 10,000 files looked at", rounds=9,
        measure=partial(looked_at, among=1), goals=(Goal(limit=15e-3),)),
    Row(key="acquire-crowd", title="the same among 10,000 environments", rounds=9,
        measure=partial(looked_at, among=10_000), goals=(Goal(limit=15e-3),)),
    Row(key="known", title="build, packages cached, lock known", rounds=5, measure=known,
        goals=(Goal(limit=1.3, beside="bare uv"),)),
    Row(key="parts", title="what that build consists of", rounds=3, measure=inside.parts),
    Row(key="unknown", title="build, packages cached, lock unknown", rounds=3, measure=unknown,
        goals=(Goal(limit=1.15, beside="bare uv"),)),
    Row(key="cold", title="build, nothing cached", rounds=2, measure=cold,
        goals=(Goal(limit=1.1, beside="bare uv"), Goal(limit=1.1, beside="uv, bytecode compiled"),
               Goal(limit=0.5, beside="MLflow uv"),
               Goal(limit=0.2, beside="MLflow virtualenv"))),
    Row(key="imported", title="build, lock known, until the flavor is imported", rounds=3,
        measure=until_imported),
    Row(key="first-import", title="first import of the flavor", rounds=5, measure=first_import,
        goals=(Goal(limit=1.05, beside="uv, bytecode compiled"),)),
    Row(key="disk", title="ten overlapping environments", rounds=1, measure=overlapping,
        goals=(Goal(limit=1.1, beside="union of their files", disk=True),)),
    Row(key="check", title="check, lock of 200 packages, first of a process", rounds=7,
        measure=inside.check, goals=(Goal(limit=10e-3),)),
    Row(key="audit", title="audit of 1,000 models", rounds=3, measure=inside.audit),
    *(
        Row(key=f"predict-{size}", title=f"predict, {size} floats", rounds=5,
            measure=partial(inside.predict, size=size),
            goals=(Goal(limit=2.0, beside="bare pipe"), Goal(limit=0.2, beside="MLflow's scoring server")))
        for size in ("1x50", "1000x50", "1000000x4")
    ),
)  # fmt: skip
"""Every row, in the order of the table. A few hundredths more than a bare pipe's own noise is no difference."""
