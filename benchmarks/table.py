"""The outcomes of all models as one Markdown table, a table of causes, and JSON."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.outcome import Outcome, Side, Stage
from envbuilder.findings import Fidelity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

TITLES = {Side.ENVBUILDER: "envbuilder", Side.MLFLOW: "MLflow, `--env-manager uv`"}
MB = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The outcomes of one side; every share has its own base."""

    side: Side
    all: tuple[Outcome, ...]
    empty: frozenset[str]
    """The models that name no package at all; they are counted apart, on both sides."""

    @property
    def left_out(self) -> list[Outcome]:
        """Models that the harness does not hand to this side's tools."""
        return [o for o in self.all if o.left_out]

    @property
    def refused(self) -> list[Outcome]:
        """Models whose files this side does not read."""
        return [o for o in self.all if o.stage is Stage.REFUSED and not o.left_out]

    @property
    def wanting(self) -> list[Outcome]:
        """Models with a Python requirement, whatever became of them."""
        return [o for o in self.all if o.model not in self.empty and not o.left_out]

    @property
    def locked(self) -> list[Outcome]:
        """Those of ``wanting`` with a lock."""
        return [o for o in self.wanting if o.reached(Stage.LOCKED)]

    @property
    def capped(self) -> list[Outcome]:
        """Those of ``locked`` that are too large to build here."""
        return [o for o in self.locked if o.over_cap]

    @property
    def within(self) -> list[Outcome]:
        """Those of ``locked`` that are small enough to build."""
        return [o for o in self.locked if not o.over_cap]

    def reaching(self, stage: Stage) -> list[Outcome]:
        """Those of ``within`` that got as far as ``stage``."""
        return [o for o in self.within if o.reached(stage)]

    @property
    def failed(self) -> list[Outcome]:
        """Those of ``wanting`` that ended before the imports, for another reason than their size."""
        return [o for o in self.wanting if not o.reached(Stage.IMPORTS) and not o.over_cap]


def tallies(outcomes: Iterable[Outcome]) -> list[Tally]:
    """Return one tally for each side that has outcomes."""
    known = tuple(outcomes)
    named = {o.model for o in known if o.requirements}
    unread = {o.model for o in known if o.side is Side.ENVBUILDER and o.stage is Stage.REFUSED}
    empty = frozenset({o.model for o in known} - named - unread)
    sides = [side for side in Side if any(o.side is side for o in known)]
    return [Tally(side=s, all=tuple(o for o in known if o.side is s), empty=empty) for s in sides]


def share(part: Sequence[Outcome], whole: Sequence[Outcome]) -> str:
    """Return ``9 of 10 (90.0 %)``."""
    percent = f" ({100 * len(part) / len(whole):.1f} %)" if whole else ""
    return f"{len(part)} of {len(whole)}{percent}"


def fidelities(outcomes: Sequence[Outcome]) -> str:
    """Return how many are exact, adapted and degraded."""
    counts = Counter(o.fidelity for o in outcomes)
    return " / ".join(str(counts[f.value]) for f in Fidelity) if any(o.fidelity for o in outcomes) else "-"


def median(values: Iterable[float], unit: str) -> str:
    """Return the median with its unit, a dash for nothing."""
    known = [value for value in values if value]
    return f"{statistics.median(known):.1f} {unit}" if known else "-"


def rows(cap: int) -> list[tuple[str, Callable[[Tally], str]]]:
    """Return what the table says, a title and the cell of a side each. ``cap`` is in bytes."""
    imports, built = Stage.IMPORTS, Stage.BUILT
    return [
        ("models", lambda t: str(len(t.all))),
        ("files not read", lambda t: str(len(t.refused))),
        ("left out (options, paths, URLs)", lambda t: str(len(t.left_out))),
        ("without any Python requirement", lambda t: str(sum(o.model in t.empty for o in t.all))),
        ("**locked**, of those with a requirement", lambda t: share(t.locked, t.wanting)),
        (f"not built: lock above {cap // MB} MB", lambda t: str(len(t.capped))),
        ("built, of those locked within the cap", lambda t: share(t.reaching(built), t.within)),
        ("**imports its flavor**, of the same", lambda t: share(t.reaching(imports), t.within)),
        (
            "imports, of all with a requirement but those above the cap",
            lambda t: share(t.reaching(imports), [o for o in t.wanting if not o.over_cap]),
        ),
        ("exact / adapted / degraded, of those that import", lambda t: fidelities(t.reaching(imports))),
        ("median to resolve", lambda t: median((o.seconds.resolve for o in t.locked), "s")),
        (
            "median to install and prove",
            lambda t: median((o.seconds.build for o in t.reaching(imports) if not o.hit), "s"),
        ),
        (
            "median size of an environment",
            lambda t: median((o.environment_bytes / MB for o in t.reaching(imports)), "MB"),
        ),
    ]


def summary(sides: Sequence[Tally], cap: int) -> str:
    """Return the table of stages, a column for each side."""
    lines = [["", *(TITLES[t.side] for t in sides)], ["---"] * (len(sides) + 1)]
    lines += [[title, *(cell(t) for t in sides)] for title, cell in rows(cap)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def causes(sides: Sequence[Tally]) -> str:
    """Return why models failed: the code, the stage they reached and which they are."""
    lines = ["| side | reached | cause | models |", "| --- | --- | --- | --- |"]
    for tally in sides:
        found: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
        for o in [*tally.failed, *tally.left_out]:
            found[o.stage.rank, o.stage.value, o.code].append(o.model)
        for (_, stage, code), models in sorted(found.items()):
            lines.append(
                f"| {tally.side.value} | {stage} | {code} | {len(models)}: {' '.join(sorted(models))} |"
            )
    return "\n".join(lines)


def details(tally: Tally) -> str:
    """Return one line for each failure of a side, with its first line."""
    return "\n".join(f"{o.model} {o.stage.value} {o.code}: {o.line}" for o in tally.failed)


def document(sides: Sequence[Tally], cap: int) -> str:
    """Return everything as JSON: the counts of each side, and each outcome in full."""
    counts = {
        t.side.value: {
            "models": len(t.all),
            "refused": len(t.refused),
            "left_out": len(t.left_out),
            "without_requirement": sum(o.model in t.empty for o in t.all),
            "with_requirement": len(t.wanting),
            "locked": len(t.locked),
            "over_cap": len(t.capped),
            "built": len(t.reaching(Stage.BUILT)),
            "imports": len(t.reaching(Stage.IMPORTS)),
            "fidelity": dict(Counter(o.fidelity for o in t.reaching(Stage.IMPORTS) if o.fidelity)),
            "causes": dict(Counter(o.code for o in t.failed)),
        }
        for t in sides
    }
    outcomes = [json.loads(o.to_json()) for t in sides for o in t.all]
    return json.dumps({"schema": 1, "cap_bytes": cap, "summary": counts, "outcomes": outcomes}, indent=1)
