"""``audit --fix``: the files of many models, rewritten; beside what was audited, never in it unless asked."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

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
    roots = list(_roots(paths))
    done, whole = 0, True
    for model in report.models:
        if any(finding.fix for finding in model.findings):
            try:
                done += _mend(model, policy, None if in_place else _place(model, roots, folder))
            except EnvbuilderError as error:
                whole = False
                for line in error_lines(error):
                    say(line)
    where = "in place" if in_place else f"below {visible(_shown(roots, folder))}"
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
    rewritten = rewritten_of(model.model, policy)
    if rewritten is None:
        return 0
    edits = {e.path: e.after for e in rewrite_files(rewritten) if e.after != e.before}
    if not edits:
        return 0
    if place is None:
        write_files(edits, Path(model.folder))
    else:
        write_files(environment_files(rewritten) | edits, place)
    return 1


def _place(model: ModelReport, roots: list[Path], folder: Path | None) -> Path:
    """Return where a model's files go: as far below the target as the model is below the path that was named."""
    own = Path(model.folder)
    for root in roots:
        base = root if root.is_dir() else root.parent
        if own == base or base in own.parents:
            target = folder / _name(root) if folder and len(roots) > 1 else folder or _beside(root)
            return target / own.relative_to(base)
    return (folder or _beside(own)) / own.name


def _beside(root: Path) -> Path:
    """Return ``PATH.rewritten``, next to a folder that was named; a file's own folder counts."""
    base = root if root.is_dir() else root.parent
    base = Path(os.path.realpath(base)) if base.name in {"", ".."} else base
    return base.with_name(f"{base.name}.rewritten") if base.name else Path("rewritten")


def _name(root: Path) -> str:
    return Path(os.path.realpath(root)).name or "root"


def _shown(roots: list[Path], folder: Path | None) -> str:
    return str(folder) if folder else ", ".join(dict.fromkeys(str(_beside(root)) for root in roots))
