"""From models that are there to the policy that allows them: their channels, and the licences of their locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.auditor.channelrules import channels_left
from envbuilder.auditor.discovery import Found, discover
from envbuilder.channels import canonical
from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.expression import Malformed, evaluated, leaves_of, read_expression
from envbuilder.policy import DEFAULT, Policy
from envbuilder.policyfile.template import Counted, Draft
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.model import examine_model
from envbuilder.report.report import PackageReport, Report, Skipped
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.use.licences import judge_licences

if TYPE_CHECKING:
    import datetime

    from envbuilder.request import Request
    from envbuilder.settings import Settings


def draft_of(
    paths: Iterable[str],
    *,
    today: datetime.date,
    request: Request,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> tuple[Draft, tuple[Skipped, ...]]:
    """Return what the models at and below the paths have, and what could not be read, locked or fetched.

    Raises StoreError.
    """
    found = list(discover(paths))
    models = [item for item in found if isinstance(item, Found)]
    skipped = [item for item in found if isinstance(item, Skipped)]
    channels, unread = _channels(models)
    unreadable = {item.path for item in unread}
    report = judge_licences(
        [model.path for model in models if model.name not in unreadable],
        today=today, request=request, settings=settings, policy=policy, progress=progress,
    )  # fmt: skip
    packages = _packages(report)
    draft = Draft(
        channels=channels,
        licenses=allow_list(Counter(p.expression for p in packages if p.expression).items()),
        undecided=_undecided(packages),
    )
    return draft, (*skipped, *unread, *report.skipped)


def allow_list(expressions: Iterable[tuple[str, int]]) -> Counted:
    """Return a short list of SPDX leaves that allows all expressions, with the number of packages of each.

    ``expressions`` are pairs of an expression and how many packages have it. Of a choice (``OR``) the side
    that is allowed for another package is taken, else the one that needs the fewest licences.
    """
    read = [(read_expression(text), count) for text, count in sorted(expressions)]
    trees = [(tree, count) for tree, count in read if not isinstance(tree, Malformed)]
    allowed: frozenset[str] = frozenset()
    # Those that leave no choice go first: what they need may decide the choices of the others.
    for _ in range(2):
        for tree, _count in trees:
            answer = evaluated(tree, allowed)
            if len(answer.choices) == 1:
                allowed |= frozenset(answer.choices[0])
    for tree, _count in trees:
        answer = evaluated(tree, allowed)
        if answer.choices:
            allowed |= frozenset(answer.choices[0])
    counts: Counter[str] = Counter()
    for tree, count in trees:
        for leaf in {*leaves_of(tree)}:
            if leaf.name in allowed:
                counts[leaf.name] += count
    return _most_frequent(counts)


def _channels(models: list[Found]) -> tuple[Counted, list[Skipped]]:
    counts: Counter[str] = Counter()
    unread: list[Skipped] = []
    for model in models:
        try:
            spec = examine_model(Path(model.path), name=model.name)
        except EnvbuilderError as error:
            unread.append(Skipped(path=model.name, reason=error.message))
            continue
        refused = next((finding for finding in spec.findings if finding.refuses), None)
        if refused:
            unread.append(Skipped(path=model.name, reason=f"{refused.code}: {refused.message}"))
        else:
            counts.update({canonical(channel.text) for channel in channels_left(rewrite(spec))})
    return _most_frequent(counts), unread


def _packages(report: Report) -> list[PackageReport]:
    """Return each package of the locks once."""
    found = {(p.name, p.version): p for model in report.models for p in model.packages}
    return list(found.values())


def _undecided(packages: list[PackageReport]) -> Counted:
    counts: Counter[str] = Counter()
    for package in packages:
        raw = package.evidence.partition(": ")[2]
        if package.expression is None and raw:
            counts[raw] += 1
    return _most_frequent(counts)


def _most_frequent(counts: Counter[str]) -> Counted:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
