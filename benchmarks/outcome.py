"""What became of one model on one side of the comparison, and how that is kept as a line of JSON."""

from __future__ import annotations

import enum
import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envbuilder.errors import EnvbuilderError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE_CHARACTERS = 300


class Side(enum.Enum):
    """Who restored the model."""

    ENVBUILDER = "envbuilder"
    MLFLOW = "mlflow"


class Stage(enum.Enum):
    """The last stage that a model reached, in order."""

    REFUSED = "refused"
    PARSED = "parsed"
    LOCKED = "locked"
    BUILT = "built"
    IMPORTS = "imports"

    @property
    def rank(self) -> int:
        """0 for the first stage."""
        return list(Stage).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seconds:
    """Wall-clock seconds of the stages; 0 for one that did not begin."""

    parse: float = 0.0
    resolve: float = 0.0
    build: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The result of one model on one side. Sizes are in bytes."""

    model: str
    side: Side
    stage: Stage = Stage.REFUSED
    requirements: int = 0
    """Packages that the model's files name, Python and pip, setuptools, wheel left out."""
    codes: tuple[str, ...] = ()
    """The codes of the findings that refused the model."""
    code: str = ""
    """Why the next stage was not reached; empty where nothing failed."""
    line: str = ""
    over_cap: bool = False
    """Not built because the locked files are larger than the cap."""
    left_out: bool = False
    """Not tried because the harness does not hand such files to a tool."""
    fidelity: str = ""
    changes: tuple[str, ...] = ()
    """The codes of what was substituted."""
    python_requested: str = ""
    python: str = ""
    imports: tuple[str, ...] = ()
    """The modules whose import is the proof."""
    packages: int = 0
    lock_bytes: int = 0
    """The locked files together, as the index gives their sizes."""
    environment_bytes: int = 0
    """All files of the environment, each counted in full even where it is a link into the cache."""
    hit: bool = False
    seconds: Seconds = field(default_factory=Seconds)

    @property
    def final(self) -> bool:
        """Whether another run would say the same; network and disk say nothing of the model."""
        return self.code.rpartition("/")[2] not in {"network", "disk-full", "full"}

    def reached(self, stage: Stage) -> bool:
        """Whether the model got as far as ``stage``."""
        return self.stage.rank >= stage.rank

    def to_json(self) -> str:
        """Return one line of JSON."""
        fields = asdict(self) | {"side": self.side.value, "stage": self.stage.value}
        return json.dumps(fields, ensure_ascii=True)

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Read what to_json() wrote. Raises ValueError or TypeError for anything else."""
        fields: dict[str, Any] = json.loads(line)
        for name in ("codes", "changes", "imports"):
            fields[name] = tuple(fields[name])
        fields["side"], fields["stage"] = Side(fields["side"]), Stage(fields["stage"])
        fields["seconds"] = Seconds(**fields["seconds"])
        return cls(**fields)


class Attempt:
    """A model on its way through the stages; ``outcome`` is what is known so far."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def note(self, **facts: Any) -> None:
        """Add facts, or move to another stage."""
        self.outcome = replace(self.outcome, **facts)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds of the block to a phase, however it ends."""
        started = time.monotonic()
        try:
            yield
        finally:
            spent = getattr(self.outcome.seconds, phase) + time.monotonic() - started
            self.note(seconds=replace(self.outcome.seconds, **{phase: round(spent, 3)}))

    def run(self, steps: Callable[[], None]) -> Outcome:
        """Go through the steps; an error ends them and is noted. A bug is noted too, as a crash."""
        try:
            steps()
        except EnvbuilderError as error:
            self.note(code=error.code, line=_line_of(error))
        except Exception as error:  # noqa: BLE001  (one model's crash must not end the run of all)
            self.note(
                code=f"crash/{type(error).__name__}", line=f"{_spot(error)}: {excerpt(str(error), 200)}"
            )
        return self.outcome


def _line_of(error: EnvbuilderError) -> str:
    """The message, and the last line of a tool's own words: a traceback's says what is missing."""
    lines = [line.strip() for line in error.detail.splitlines()]
    told = [line for line in lines if line and not line.startswith("hint:")]
    last = told[-1] if told and told[-1] not in error.message else ""
    parts = [f"{error.origin}" if error.origin else "", error.message, last]
    return excerpt(": ".join(part for part in parts if part), LINE_CHARACTERS)


def _spot(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def read_lines(path: Path) -> dict[tuple[str, Side], Outcome]:
    """Return the final outcomes of a file of lines, by model and side; a cut last line is left out."""
    done: dict[tuple[str, Side], Outcome] = {}
    if path.exists():
        for line in path.read_text(encoding="ascii").splitlines():
            try:
                outcome = Outcome.from_json(line)
            except (ValueError, TypeError, KeyError):
                continue
            done[outcome.model, outcome.side] = outcome
    return {key: outcome for key, outcome in done.items() if outcome.final}


def append_line(path: Path, outcome: Outcome) -> None:
    """Add one outcome; a line that a killed run cut short is ended first."""
    with path.open("a+b") as stream:
        size = stream.seek(0, 2)
        if size:
            stream.seek(size - 1)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(outcome.to_json().encode("ascii") + b"\n")
