"""The data of a report: every model with its findings, and what could not be read."""

from __future__ import annotations

import datetime
import enum
from collections import Counter
from dataclasses import dataclass, field

from envbuilder.findings import Finding, Level


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """Something that was not read, or not to its end: the report is not complete."""

    path: str
    reason: str


class LicenseState(enum.Enum):
    """What the policy makes of a package's licence. UNJUDGED: nobody asked (no allow list, or offline)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFile:
    """A file that the lock pins."""

    filename: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageReport:
    """One package of a model's lock and its licence."""

    name: str
    version: str
    ecosystem: str = "pypi"
    """``pypi`` or ``conda``: the type of its package URL (purl-spec, types)."""
    files: tuple[PackageFile, ...] = ()
    expression: str | None = None
    """An SPDX expression in its canonical form; None where the evidence gives none."""
    evidence: str = ""
    """The kind of evidence and the words of it, masked: ``classifier: BSD License``; the kind alone for no words."""
    concluded: bool = False
    """Whether the policy (an alias, a clarification) made the expression; else the package declares it."""
    state: LicenseState = LicenseState.UNJUDGED
    chain: tuple[str, ...] = ()
    """The requirements that brought it, from the model's own to the package itself."""
    requires: tuple[str, ...] | None = None
    """Names of packages of the same lock that it needs; None where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """What a registry of models says of a version. Texts are the registry's own, ``source`` masked."""

    name: str
    version: str
    run_id: str | None = None
    aliases: tuple[str, ...] = ()
    stage: str | None = None
    source: str | None = None
    """Where its files are, as the registry has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelReport:
    """One model as it was found. ``created`` is aware and in UTC."""

    model: str
    """Its path: as the caller wrote it for a path that was named, below that path for what was found there."""
    folder: str
    """The folder that the files of its findings are relative to: the model itself, or where its one file is."""
    mlflow_version: str | None = None
    created: datetime.datetime | None = None
    python: str | None = None
    """The Python that decides among the model's files, as written."""
    channels: tuple[str, ...] = ()
    """As written, credentials masked; ``defaults`` where the conda file names none."""
    findings: tuple[Finding, ...] = ()
    packages: tuple[PackageReport, ...] = ()
    """The model's lock, where the report is about one (``envbuilder licenses``)."""
    registered: Registered | None = None
    """What the registry says of it, where it was asked."""

    matched: frozenset[tuple[str | int, ...]] = field(default=frozenset(), repr=False)
    """The entries of the policy that meant something here, as paths of keys: ``("channels", "allow", 0)``."""

    def place(self, finding: Finding) -> str:
        """Return the path of the file that a finding is about; the model's where it is about all of it."""
        if finding.origin is None:
            return self.model
        return finding.origin.file if self.folder in {"", "."} else f"{self.folder}/{finding.origin.file}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The numbers of a report."""

    models: int
    errors: int
    warnings: int
    notes: int
    by_code: tuple[tuple[str, int], ...]
    """Findings per code, sorted by code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What an audit found, in the order of the paths."""

    models: tuple[ModelReport, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    today: datetime.date
    """The day that the findings hold for: support of a Python ends on one."""
    policy: str | None = None
    """The policy's digest; None for the default one."""
    hidden: int = field(default=0)
    """Findings that are left out because the baseline knows them."""
    policy_file: str | None = None
    """The policy's file as it was named; None where it was read from none."""
    policy_findings: tuple[Finding, ...] = ()
    """What is wrong with the policy itself: entries that expired, or that nothing needs."""

    @property
    def subjects(self) -> tuple[ModelReport, ...]:
        """All that has findings: the models, and before them the policy in the form of one, if it has some."""
        if not self.policy_findings:
            return self.models
        policy = ModelReport(model=self.policy_file or "policy", folder="", findings=self.policy_findings)
        return (policy, *self.models)

    @property
    def complete(self) -> bool:
        """Whether everything was read."""
        return not self.skipped

    @property
    def of_locks(self) -> bool:
        """Whether it is about what locks hold (``envbuilder licenses``), not only what models ask for."""
        return any(model.packages for model in self.models)

    @property
    def summary(self) -> Summary:
        """Count the findings."""
        levels: Counter[Level] = Counter()
        codes: Counter[str] = Counter()
        for model in self.subjects:
            for finding in model.findings:
                levels[finding.level] += 1
                codes[finding.code] += 1
        return Summary(
            models=len(self.models),
            errors=levels[Level.ERROR],
            warnings=levels[Level.WARNING],
            notes=levels[Level.NOTE],
            by_code=tuple(sorted(codes.items())),
        )

    def fails(self, level: Level) -> bool:
        """Whether there is a finding of this level or a worse one."""
        return any(worse(finding.level, level) for model in self.subjects for finding in model.findings)


RANKS = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}
"""The weightiest first."""


def worse(level: Level, threshold: Level) -> bool:
    """Whether a level weighs at least as much as the threshold."""
    return RANKS[level] <= RANKS[threshold]
