"""``audit --fix``: the files of many models, rewritten; beside what was audited, never in it unless asked."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.auditor.discovery import opened_path
from envbuilder.auditor.judging import rewritten_of
from envbuilder.cli.failure import error_lines
from envbuilder.cli.terminal import say
from envbuilder.cli.writing import environment_files, write_files
from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.locate import locate, remote
from envbuilder.redact import visible
from envbuilder.rewriter.files import rewrite_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.policy import Policy
    from envbuilder.report.report import ModelReport, Report


def mend(
    report: Report, paths: tuple[str, ...], policy: Policy, *, folder: Path | None, in_place: bool
) -> bool:
    """Write the rewritten files of every model with a fix; return whether all could be written."""
    targets = _targets(list(_roots(paths)), folder)
    done, whole = 0, True
    for model in report.models:
        if any(finding.fix for finding in model.findings):
            try:
                done += _mend(model, policy, None if in_place else _place(model, targets))
            except EnvbuilderError as error:
                whole = False
                for line in error_lines(error):
                    say(line)
    where = "in place" if in_place else f"below {visible(_shown(targets, folder))}"
    say(f"rewrote {done:,} model{'' if done == 1 else 's'}" + (f" {where}" if done else ""))
    return whole


def _roots(paths: tuple[str, ...]) -> Iterator[Path]:
    """Yield the paths that were named, as reports write them; what is none was told by the report."""
    for path in paths:
        with contextlib.suppress(UsageError):
            yield Path(os.path.normpath(locate(path)))


def _mend(model: ModelReport, policy: Policy, place: Path | None) -> int:
    """Write one model's files into a place, or (None) into the model; return 1 if anything had to be."""
    if remote(model.model):
        raise UsageError(
            f"{visible(model.model)} is not mended with --fix",
            code="usage/remote-model",
            hint="`envbuilder fix URI` shows the rewritten files, and registers a new version",
        )
    rewritten = rewritten_of(opened_path(model.model), policy)
    if rewritten is None:
        return 0
    edits = {e.path: e.after for e in rewrite_files(rewritten) if e.after != e.before}
    if not edits:
        return 0
    if place is None:
        write_files(edits, Path(opened_path(model.folder)))
    else:
        write_files(environment_files(rewritten) | edits, place)
    return 1


def _place(model: ModelReport, targets: dict[Path, Path]) -> Path:
    """Return where a model's files go: as far below the target as the model is below the path that was named."""
    own = Path(opened_path(model.folder))
    base = next(base for base in targets if own == base or base in own.parents)
    return targets[base] / own.relative_to(base)


def _targets(roots: list[Path], folder: Path | None) -> dict[Path, Path]:
    """Return where the models below each folder go, none where those of another one do.

    A file's own folder counts. In a folder for several each has its name, and a number if that is taken.
    """
    bases = dict.fromkeys(root if root.is_dir() else root.parent for root in roots)
    targets: dict[Path, Path] = {}
    for base in bases:
        if folder is None or len(bases) == 1:
            targets[base] = folder or _beside(base)
            continue
        target, number = folder / _name(base), 1
        while target in targets.values():
            number += 1
            target = folder / f"{_name(base)}-{number}"
        targets[base] = target
    return targets


def _beside(base: Path) -> Path:
    """Return ``PATH.rewritten``, next to a folder."""
    base = Path(os.path.realpath(base)) if base.name in {"", ".."} else base
    return base.with_name(f"{base.name}.rewritten") if base.name else Path("rewritten")


def _name(base: Path) -> str:
    return Path(os.path.realpath(base)).name or "root"


def _shown(targets: dict[Path, Path], folder: Path | None) -> str:
    return str(folder) if folder else ", ".join(dict.fromkeys(map(str, targets.values())))
