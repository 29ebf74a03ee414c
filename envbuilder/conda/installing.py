"""Installing: from locked packages to a tree that is an environment, once it stands at its final path."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from envbuilder.archives.inspection import form_of
from envbuilder.archives.startup import MODULE, PTH
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.conda.access import Access
from envbuilder.conda.archives import Archives
from envbuilder.conda.dialogue import ask, available
from envbuilder.conda.gate import refuse
from envbuilder.conda.questions import Installed
from envbuilder.conda.subdirs import NOARCH
from envbuilder.errors import BuildError, ToolError
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from envbuilder.conda.questions import Source
    from envbuilder.findings import Finding
    from envbuilder.lock import CondaPackage
    from envbuilder.settings import Settings

THREADS: Final = 4

META: Final = "conda-meta"
"""The folder in which each installed package has its record (conda's PrefixRecord)."""

_OURS: Final = ("extracted_package_dir", "package_tarball_full_path", "link")
"""What a record tells of the place that its package was unpacked in, which is gone."""


def install(
    packages: Sequence[CondaPackage],
    *,
    tree: Path,
    final: Path,
    cache: Path,
    sources: Sequence[Source],
    settings: Settings,
    scratch: Path,
    progress: Progress = SILENT,
) -> Installed:
    """Lay out ``packages`` in ``tree``, which is made or is empty, with every prefix in it saying ``final``.

    ``cache`` is a folder of the store that many processes share; ``scratch`` one of our own, on the file system
    of ``cache`` and ``tree``. Every archive is fetched from its source or out of the cache, its sha256 compared
    whatever its scheme, and looked through (envbuilder.archives) before anything of it is written. Link scripts
    and activation scripts never run; each is a finding (``build/link-script``, ``build/activate-script``).
    After an error ``tree`` is the caller's to remove. Raises PolicyError, BuildError (``build/…``),
    ArchiveRefused (``archive/…``), StoreError, ToolError where py-rattler is missing.
    """
    available()
    refuse(packages, sources)
    _refuse_doubles(packages)
    unpacked = scratch / "conda-packages"
    unpacked.mkdir(parents=True)
    archives = Archives(cache / "archives", scratch, Access(sources, settings), offline=settings.offline)
    findings = _unpack_all(packages, archives, unpacked, progress)
    progress.phase("install", f"{len(packages)} conda packages")
    _lay_out(packages, unpacked=unpacked, tree=tree, final=final, scratch=scratch)
    return Installed(findings=findings)


def _refuse_doubles(packages: Sequence[CondaPackage]) -> None:
    seen: set[str] = set()
    for package in packages:
        if package.name in seen:
            raise BuildError(
                f"the lock has {excerpt(package.name)} twice",
                code="build/failed",
                hint="lock again with --refresh",
            )
        seen.add(package.name)


def _unpack_all(
    packages: Sequence[CondaPackage], archives: Archives, unpacked: Path, progress: Progress
) -> tuple[Finding, ...]:
    progress.phase("download", f"{len(packages)} conda packages")

    def unpack(package: CondaPackage) -> tuple[Finding, ...]:
        return _unpack(package, archives.path(package), unpacked / _stem(package))

    found: list[Finding] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for done, findings in enumerate(pool.map(unpack, packages), 1):
            found += findings
            progress.advance(done, len(packages))
    return tuple(found)


def _stem(package: CondaPackage) -> str:
    """Return the name of a package's folder, by which py-rattler finds it."""
    form = form_of(package.filename)
    return package.filename.removesuffix(form.value if form else "")


def _unpack(package: CondaPackage, archive: Path, folder: Path) -> tuple[Finding, ...]:
    """Unpack one archive and look that it is the package that its record told of."""
    inspection = unpack_archive(archive, folder, name=package.filename)
    _compare(package, folder)
    # What runs when Python starts is told of the whole environment, by what it says.
    found = (finding for finding in inspection.findings if finding.code not in (PTH, MODULE))
    return tuple(_told(package, finding) for finding in found)


def _told(package: CondaPackage, finding: Finding) -> Finding:
    return replace(
        finding,
        message=f"{package.name} {package.version}: {finding.message}",
        subject=f"{package.name}: {finding.subject or finding.message}",
    )


def _compare(package: CondaPackage, folder: Path) -> None:
    """Raise BuildError where an archive is of another package: its channel's list told wrongly of it."""
    try:
        index = json.loads((folder / "info" / "index.json").read_bytes())
        found = [str(index[name]) for name in ("name", "version", "build")]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        found = []
    expected = [package.name, package.version, package.build]
    if found != expected or _stem(package) != "-".join(expected):
        shown = excerpt(" ".join(found)) if found else "nothing that can be read"
        raise BuildError(
            f"{excerpt(package.filename)} is not {' '.join(expected)}: it says of itself {shown}",
            code="archive/name-mismatch",
            hint="ask who runs the channel, or lock another release",
        )


def _lay_out(
    packages: Sequence[CondaPackage], *, unpacked: Path, tree: Path, final: Path, scratch: Path
) -> None:
    request = {
        "op": "install",
        "tree": str(tree),
        "final": str(final),
        "packages": str(unpacked),
        "subdir": next((package.subdir for package in packages if package.subdir != NOARCH), NOARCH),
        "records": [_record(package) for package in packages],
    }
    try:
        ask(request, folder=scratch)
    except ToolError as error:
        raise _failed(error) from None
    _clean(tree, packages)


def _record(package: CondaPackage) -> dict[str, Any]:
    return {
        "stem": _stem(package), "filename": package.filename, "url": package.url.stripped,
        "channel": package.channel, "sha256": package.sha256, "md5": package.md5, "size": package.size or None,
        "depends": list(package.depends), "constrains": list(package.constrains),
    }  # fmt: skip


def _failed(error: ToolError) -> BuildError | ToolError:
    if "os error 28" in error.message or "os error 122" in error.message:
        return BuildError(
            "the disk filled up while conda packages were laid out", code="build/disk-full",
            hint="make room, or move the store (ENVBUILDER_HOME), and try again",
        )  # fmt: skip
    if error.code == ToolError.default_code and error.message.startswith("py-rattler failed"):
        return BuildError(error.message, code="build/failed", detail=error.detail, hint=error.hint)
    return error


def _clean(tree: Path, packages: Iterable[CondaPackage]) -> None:
    """Take out of each package's record what only concerned us, and the time out of the history.

    The same lock gives the same bytes. Raises BuildError where a package was left out.
    """
    for package in packages:
        path = tree / META / f"{_stem(package)}.json"
        try:
            record = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise BuildError(
                f"py-rattler ended well and left {package.name} out",
                code="build/incomplete",
                hint="try again",
            ) from None
        for name in _OURS:
            record.pop(name, None)
        path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
