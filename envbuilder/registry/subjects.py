"""What an audit is about where URIs are named: each model's environment files, and what its registry says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.auditor.discovery import Found
from envbuilder.errors import EnvbuilderError, StoreError
from envbuilder.locate import remote
from envbuilder.remote.gathering import Gathered, gather
from envbuilder.remote.uris import registered
from envbuilder.report.report import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.registry.listing import Version
    from envbuilder.report.report import Registered, Report
    from envbuilder.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Subjects:
    """What discovery takes, and what is known of those that are registered, by their URI."""

    items: tuple[str | Found | Skipped, ...]
    registered: dict[str, Registered]

    def named(self, report: Report) -> Report:
        """Return a report with the provenance of every registered version."""
        models = (
            replace(model, registered=self.registered[model.model])
            if model.model in self.registered
            else model
            for model in report.models
        )
        return replace(report, models=tuple(models))


def subjects(paths: Iterable[str], *, settings: Settings, policy: Policy, progress: Progress) -> Subjects:
    """Return what the paths mean: local ones as they are, URIs as folders with the files of each model.

    ``models:/`` is every version of every registered model, ``models:/NAME`` every version of one. What cannot
    be had is Skipped. Raises StoreError.
    """
    named: list[str | Skipped] = []
    found: dict[str, Registered] = {}
    for path in paths:
        named += _versions(path, found, settings) if remote(path) and registered(path) is not None else [path]
    uris = list(dict.fromkeys(item for item in named if isinstance(item, str) and remote(item)))
    progress.phase("fetch")
    outcomes = dict(zip(uris, _gathered(uris, settings, policy, progress), strict=True))
    items = tuple(outcomes.get(item, item) if isinstance(item, str) else item for item in named)
    return Subjects(items=items, registered=found)


def _versions(uri: str, found: dict[str, Registered], settings: Settings) -> list[str | Skipped]:
    """Return the URI of each version; ``found`` learns what the registry says of it."""
    from envbuilder.registry.keeping import listed

    try:
        versions = listed(uri, settings)
    except StoreError:
        raise
    except EnvbuilderError as error:
        return [_skipped(uri, error)]
    if not versions:
        return [Skipped(path=uri, reason="no version of any model is registered")]
    found.update((version.uri, version.registered) for version in versions)
    return [_item(version) for version in versions]


def _item(version: Version) -> str | Skipped:
    if version.status in {None, "READY"}:
        return version.uri
    return Skipped(path=version.uri, reason=f"its registration did not end well: {version.status}")


def _gathered(
    uris: list[str], settings: Settings, policy: Policy, progress: Progress
) -> list[Found | Skipped]:
    outcomes: list[Found | Skipped] = []
    try:
        for uri, found in zip(
            uris, gather(uris, settings=settings, policy=policy, progress=progress), strict=False
        ):
            outcomes.append(
                Found(path=os.fspath(found.folder), name=uri)
                if isinstance(found, Gathered)
                else _skipped(uri, found)
            )
    except StoreError:
        raise
    except EnvbuilderError as error:
        outcomes += [_skipped(uri, error) for uri in uris[len(outcomes) :]]
    return outcomes


def _skipped(uri: str, error: EnvbuilderError) -> Skipped:
    return Skipped(
        path=uri, reason=f"{error.code}: {error.message}" + (f"; {error.hint}" if error.hint else "")
    )
