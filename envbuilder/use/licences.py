"""From models to the licences of what their locks hold: nothing is installed, and little is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError, StoreError
from envbuilder.licensing.access import Access
from envbuilder.licensing.chains import Chain, Ways, ways_of
from envbuilder.licensing.condaways import conda_ways_of
from envbuilder.licensing.evidence import Evidence, Unknown, conda_evidence, evidence_of
from envbuilder.licensing.gathering import Gathering, Unread
from envbuilder.licensing.judging import LicenseVerdict, Subject, judge
from envbuilder.licensing.library import Library
from envbuilder.licensing.pages import Pages
from envbuilder.licensing.terms import Terms
from envbuilder.locate import remote
from envbuilder.lock import Kind
from envbuilder.policy import DEFAULT
from envbuilder.policyfile.lints import LICENSES, with_policy_findings
from envbuilder.progress import SILENT, Progress
from envbuilder.remote.locating import located
from envbuilder.report.report import LicenseState, ModelReport, PackageFile, PackageReport, Report, Skipped
from envbuilder.store.store import Store
from envbuilder.use.locking import PLAIN, Locked, lock_model
from envbuilder.web import SCHEMES, Web
from envbuilder.weights import weighed

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from envbuilder.findings import Finding
    from envbuilder.licensing.judging import State
    from envbuilder.licensing.metadata import Metadata
    from envbuilder.lock import Artifact, CondaPackage
    from envbuilder.policy import Policy
    from envbuilder.request import Request
    from envbuilder.settings import Settings

_STATES: dict[State, LicenseState] = {
    "allowed": LicenseState.ALLOWED,
    "denied": LicenseState.DENIED,
    "ambiguous": LicenseState.AMBIGUOUS,
    "unknown": LicenseState.UNKNOWN,
    "text-only": LicenseState.UNKNOWN,
    "parse-error": LicenseState.UNKNOWN,
    "listed": LicenseState.UNJUDGED,
}


def judge_licences(
    models: Iterable[str],
    *,
    today: datetime.date,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Report:
    """Return every package of the models' locks with its licence, and what the policy says against them.

    A model without a lock is locked first; nothing is built. One that is named twice is judged once. What cannot be read, locked or fetched is
    ``skipped``. ``today`` (in UTC) is the day that the policy's end dates are compared with. Raises
    StoreError.
    """
    run = _Run(request=request, settings=settings, terms=Terms(policy=policy, today=today), progress=progress)
    judged = [run.model(model) for model in dict.fromkeys(models)]
    report = Report(
        models=tuple(found for found in judged if found),
        skipped=tuple(run.skipped),
        today=today,
        policy=policy.digest if policy != DEFAULT else None,
    )
    report = with_policy_findings(report, policy, LICENSES)
    return replace(report, policy_findings=(*report.policy_findings, *weighed(run.stale, policy)))


class _Run:
    """One run over models; what was learned of an artifact holds for all of them."""

    def __init__(self, *, request: Request, settings: Settings, terms: Terms, progress: Progress) -> None:
        self._request = request
        self._settings = settings
        self._terms = terms
        self._progress = progress
        layout = Store.open(settings.home).layout
        own = (settings.index,) if settings.index else ()
        indexes = terms.policy.sources.indexes or own
        web = Web(
            variables=dict(settings.tool_variables),
            indexes=indexes,
            offline=settings.offline,
            schemes=(*SCHEMES, "file"),
        )
        access = Access(web=web, layout=layout, pages=Pages(web=web, indexes=indexes))
        self._gathering = Gathering(library=Library(layout), access=access)
        self._unread: dict[str, Skipped] = {}
        self._unlocked: list[Skipped] = []
        self._stale: dict[str, Finding] = {}
        self._evidence: dict[str, Evidence] = {}

    @property
    def skipped(self) -> Iterator[Skipped]:
        """What was not read: models, then artifacts."""
        yield from self._unlocked
        yield from self._unread.values()

    @property
    def stale(self) -> tuple[Finding, ...]:
        """Clarifications that are for another licence file by now, each told once."""
        return tuple(self._stale.values())

    def model(self, name: str) -> ModelReport | None:
        """Judge one model; None where there is no lock, which ``skipped`` tells."""
        try:
            locked = lock_model(
                located(name, settings=self._settings, policy=self._terms.policy, progress=self._progress),
                request=self._request, settings=self._settings, policy=self._terms.policy,
                progress=self._progress,
            )  # fmt: skip
        except StoreError:
            raise
        except EnvbuilderError as error:
            self._unlocked.append(Skipped(path=name, reason=f"{error.code}: {self._why(error)}"))
            return None
        self._gathering.gather(locked.lock.artifacts, progress=self._progress)
        return self._report(name, locked)

    def _why(self, error: EnvbuilderError) -> str:
        if self._settings.offline and error.code == "resolve/network":
            return "it is not locked yet, which takes the package index"
        return error.message

    def _report(self, name: str, locked: Locked) -> ModelReport:
        lock, spec, policy = locked.lock, locked.rewritten.spec, self._terms.policy
        known = {a.sha256: found for a in lock.artifacts if (found := self._known(a))}
        ways = ways_of(lock, spec, known)
        judged = [
            (a, self._judged(a, known[a.sha256], ways) if a.sha256 in known else None) for a in lock.artifacts
        ]
        conda_ways = conda_ways_of(lock, spec)
        conda = [(package, self._judged_conda(package, conda_ways)) for package in lock.conda]
        verdicts = [*(v for _, v in conda), *(v for _, v in judged if v)]
        findings = tuple(verdict.finding for verdict in verdicts if verdict.finding)
        return ModelReport(
            model=name,
            folder=name if remote(name) or os.path.isdir(name) else os.path.dirname(name),  # noqa: PTH112, PTH120
            mlflow_version=spec.provenance.mlflow_version,
            created=spec.provenance.created,
            python=lock.target.python,
            channels=tuple(channel.text for channel in locked.rewritten.original.channels),
            findings=weighed(findings, policy),
            packages=(
                *(_conda_package(package, verdict, conda_ways) for package, verdict in conda),
                *(_package(artifact, verdict, ways) for artifact, verdict in judged),
            ),
            matched=frozenset().union(
                *(verdict.matched for verdict in verdicts),
                (("levels", finding.code) for finding in findings),
                self._built(lock.artifacts),
            ),
        )

    def _known(self, artifact: Artifact) -> Metadata | None:
        found = self._gathering.of(artifact)
        if isinstance(found, Unread):
            path = f"{artifact.name} {artifact.version}"
            self._unread.setdefault(artifact.sha256, Skipped(path=path, reason=found.reason))
            return None
        return found

    def _judged(self, artifact: Artifact, metadata: Metadata, ways: Ways) -> LicenseVerdict:
        if artifact.sha256 not in self._evidence:
            self._evidence[artifact.sha256] = evidence_of(metadata)
        subject = Subject(
            name=artifact.name,
            version=artifact.version,
            evidence=self._evidence[artifact.sha256],
            chain=ways.chains[artifact.name],
            digests=self._digests(artifact),
        )
        verdict = judge(subject, self._terms)
        self._stale.update({finding.message: finding for finding in verdict.stale})
        return verdict

    def _judged_conda(self, package: CondaPackage, ways: Ways) -> LicenseVerdict:
        """Judge a conda package by its record: its licence files are in its archive, which nobody fetches for that."""
        subject = Subject(
            name=package.name,
            version=package.version,
            evidence=conda_evidence(package.license),
            chain=ways.chains[package.name],
        )
        verdict = judge(subject, self._terms)
        self._stale.update({finding.message: finding for finding in verdict.stale})
        return verdict

    def _digests(self, artifact: Artifact) -> dict[str, str]:
        """The sha256 of the licence files that clarifications are bound to; few packages have any."""
        found: dict[str, str] = {}
        for entry in self._terms.clarifications(artifact.name, artifact.version).values():
            digest = self._gathering.file_digest(artifact, entry.path)
            if isinstance(digest, Unread):
                path = f"{artifact.name} {artifact.version} {entry.path}"
                self._unread.setdefault(
                    f"{artifact.sha256} {entry.path}", Skipped(path=path, reason=digest.reason)
                )
            else:
                found[entry.path] = digest
        return found

    def _built(self, artifacts: Iterable[Artifact]) -> Iterator[tuple[str | int, ...]]:
        """The entries of ``[builds]`` that a lock needs."""
        sources = [artifact for artifact in artifacts if artifact.kind is Kind.SDIST]
        for number, pattern in enumerate(self._terms.policy.builds.listed):
            if any(pattern.matches(source.name, source.version) for source in sources):
                yield "builds", "sdist", number


def _package(artifact: Artifact, verdict: LicenseVerdict | None, ways: Ways) -> PackageReport:
    file = PackageFile(filename=artifact.filename, sha256=artifact.sha256)
    if verdict is None:
        chain = ways.chains.get(artifact.name, Chain(names=(artifact.name,)))
        return PackageReport(name=artifact.name, version=artifact.version, files=(file,), chain=chain.names)
    return PackageReport(
        name=artifact.name,
        version=artifact.version,
        files=(file,),
        expression=verdict.expression,
        evidence=_said(verdict.evidence),
        concluded=verdict.concluded,
        state=_STATES[verdict.state],
        chain=verdict.chain,
        requires=ways.requires.get(artifact.name),
    )


def _conda_package(package: CondaPackage, verdict: LicenseVerdict, ways: Ways) -> PackageReport:
    return PackageReport(
        name=package.name,
        version=package.version,
        ecosystem="conda",
        files=(PackageFile(filename=package.filename, sha256=package.sha256),),
        expression=verdict.expression,
        evidence=_said(verdict.evidence),
        concluded=verdict.concluded,
        state=_STATES[verdict.state],
        chain=verdict.chain,
        requires=ways.requires[package.name],
    )


def _said(evidence: Evidence) -> str:
    return (
        evidence.kind
        if isinstance(evidence, Unknown) and not evidence.raw
        else f"{evidence.kind}: {evidence.raw}"
    )
