"""What differs between a Python and a model's lock, the weightiest first."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.findings import Finding, Level, Origin
from envbuilder.inspection.roles import Role

if TYPE_CHECKING:
    from typing import Protocol

    class Model(Protocol):
        """A loaded model: ours in a child process, or MLflow's own in this one."""

        @property
        def metadata(self) -> Any:
            """What MLflow says of it."""

        def predict(self, data: Any, params: Any = None) -> Any:
            """Return the model's predictions."""


Loading: TypeAlias = "Callable[[bool, int, float | None], Model]"
"""Loads the model: in a child process or here, with so many workers, within so many seconds."""


class Kind(enum.Enum):
    """In what way a package, or the Python, is not the wanted one."""

    PYTHON = "python"
    MISSING = "missing"
    VERSION = "version"
    LABEL = "label"
    """The same release with another local version label (PEP 440): ``2.0.1`` for ``2.0.1+cu118``."""
    TWICE = "twice"
    """One folder holds metadata of several versions: it cannot be told which one is there."""


CODES = {
    Kind.PYTHON: "check/python",
    Kind.MISSING: "check/missing",
    Kind.VERSION: "check/version",
    Kind.LABEL: "check/label",
    Kind.TWICE: "check/twice",
}
"""Their codes in the catalogue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """One package, or the Python, that is not what the lock has."""

    name: str
    """The normalised name, or ``python``."""
    kind: Kind
    wanted: str
    """The version of the lock."""
    found: str | None
    """The version that is there; None for none."""
    role: Role
    weight: int
    """How much it matters to the model, 1 to 100; two Pythons that differ in the minor version have 100."""
    level: Level
    """ERROR for what the model names or is made with, WARNING for what others need, NOTE for what seldom matters."""
    origin: Origin | None
    """The line of the model that asks for it; None for what others need."""
    hint: str
    """What would mend it."""

    @property
    def code(self) -> str:
        """Its code in the catalogue."""
        return CODES[self.kind]

    @property
    def message(self) -> str:
        """What is there and what is wanted, in a line."""
        there = "is missing" if self.found is None else f"{self.found} is there"
        return f"{self.name} {there}; the model's environment has {self.wanted}{ROLE_WORDS[self.role]}"

    @property
    def finding(self) -> Finding:
        """The same for a report."""
        return Finding(
            code=self.code, level=self.level, message=self.message, origin=self.origin, hint=self.hint,
            subject=self.name,
        )  # fmt: skip


ROLE_WORDS = {
    Role.PYTHON: "",
    Role.LIBRARY: " (the model's library)",
    Role.PICKLED: " (the model is pickled with it)",
    Role.NAMED: "",
    Role.TRANSITIVE: " (others need it)",
    Role.TOOL: "",
}
"""Why a package matters, for the end of a line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mismatches:
    """All that differs, in ``ranked``; true when anything does."""

    model: str
    python: str
    """The executable that was inspected."""
    python_version: str
    lock_id: str
    packages: int
    """How many packages were compared."""
    ranked: tuple[Mismatch, ...] = ()
    """The weightiest first."""
    loading: Loading | None = field(default=None, repr=False, compare=False)
    """How to load the model, if it was asked to be isolated."""

    def __bool__(self) -> bool:
        return bool(self.ranked)

    def __len__(self) -> int:
        return len(self.ranked)

    def __iter__(self) -> Iterator[Mismatch]:
        return iter(self.ranked)

    @property
    def grave(self) -> tuple[Mismatch, ...]:
        """Those that a model may meet: all but notes. What is to be done on a mismatch is done for these."""
        return tuple(item for item in self.ranked if item.level is not Level.NOTE)

    def load_model(self, *, workers: int = 1, timeout: float | None = None) -> Model:
        """Load the model where it fits: in this process if nothing grave differs, else in a child process.

        For ``check(…, on_mismatch="isolate")`` alone. In this process it is MLflow that loads; of a child
        ``workers`` and ``timeout`` are as for envbuilder.load_model(). Raises UsageError after another
        check(), and whatever loading raises.
        """
        if self.loading is None:
            raise UsageError(
                "this check was not asked to isolate the model",
                hint='call check(model, on_mismatch="isolate"), or envbuilder.load_model(model)',
            )
        return self.loading(bool(self.grave), workers, timeout)

    @property
    def summary(self) -> str:
        """One line: how much differs, and the first of it."""
        if not self.ranked:
            return f"python {self.python_version} has all {self.packages} packages that {self.model} wants"
        shown = "; ".join(
            f"{m.name} {m.found or 'missing'} for {m.wanted}{_place(m)}" for m in self.ranked[:SHOWN]
        )
        more = f"; and {len(self.ranked) - SHOWN} more" if len(self.ranked) > SHOWN else ""
        return f"python {self.python_version} is not what {self.model} was made for: {shown}{more}"


SHOWN = 3
"""How many mismatches a message has."""


def _place(mismatch: Mismatch) -> str:
    return f" ({mismatch.origin})" if mismatch.origin else ""


class MismatchWarning(UserWarning):
    """The running Python is not what a model was made for (``check(…, on_mismatch="warn")``)."""


class MismatchError(EnvbuilderError):
    """The same as an error; ``mismatches`` has all of it."""

    default_code = "check/mismatch"

    def __init__(
        self, message: str, *, mismatches: Mismatches, code: str | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.mismatches = mismatches
