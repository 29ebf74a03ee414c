"""A model's dependencies as a file that other tools install from: kept in the store, under the sha256 of its text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from envbuilder.digests import digest, digest_bytes
from envbuilder.errors import UsageError
from envbuilder.exports.result import ExportError
from envbuilder.findings import Fidelity, fidelity_of
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.reader.model import read_model
from envbuilder.redact import visible
from envbuilder.resolver.admission import admit
from envbuilder.resolver.requirements_txt import write_requirements
from envbuilder.rewriter.files import rewrite_files
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.store.files import replace_file
from envbuilder.store.store import Store
from envbuilder.store.trouble import told
from envbuilder.use.engine_choice import rewritten_for
from envbuilder.use.locking import PLAIN, lock_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.request import Request
    from envbuilder.settings import Settings
    from envbuilder.spec import DirectReference, Rewritten

DependencyFormat: TypeAlias = Literal["pip", "conda"]

REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"


def dependencies_of(
    model: Path,
    *,
    form: DependencyFormat = "pip",
    locked: bool = False,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Path:
    """Return a file in the store to install a model's dependencies from.

    As the model asks for them, rewritten; or, ``locked``, every package with version and sha256: as
    requirements.txt, or as conda-lock.yml. Raises what reading, rewriting and locking raise, UsageError for what
    there is no such file of.
    """
    if form not in ("pip", "conda"):
        raise UsageError(f"there is no format {form!r}", hint="give pip or conda")
    if locked:
        engine = "conda" if form == "conda" and request.engine == "auto" else request.engine
        asked = replace(request, engine=engine)
        found = lock_model(model, request=asked, settings=settings, policy=policy, progress=progress)
        name, text = _lock_file(found.lock, form)
        return _kept({name: text.encode()}, settings) / name
    if form == "conda":
        rewritten, _ = rewritten_for(read_model(model), request=request, policy=policy)
        admit(rewritten.spec.direct, policy)
        name, files = _conda_files(rewritten)
    else:
        rewritten = rewrite(read_model(model), policy=policy, strict=request.strict)
        admit(rewritten.spec.direct, policy)
        name, files = REQUIREMENTS, _requirements(rewritten, model)
    return _kept(files, settings) / name


def _lock_file(lock: Lock, form: DependencyFormat) -> tuple[str, str]:
    """Return the name and the text of a lock. Raises UsageError for a format that cannot hold it."""
    if (form == "conda") != bool(lock.conda):
        other = "pip" if form == "conda" else "conda"
        raise UsageError(
            f"the lock {'has no' if form == 'conda' else 'has'} conda packages", hint=f"give format {other}"
        )
    if form == "conda":
        from envbuilder.conda.condalock import FILENAME, write_conda_lock

        return FILENAME, write_conda_lock(lock)
    return REQUIREMENTS, write_requirements(lock)


def _requirements(rewritten: Rewritten, model: Path) -> dict[str, bytes]:
    """Return a requirements file of our own words; constraints stand in a file beside it."""
    spec = rewritten.spec
    python = f"# python {visible(spec.python[0].text)}" if spec.python else "# python: not told"
    fidelity = fidelity_of(rewritten.changes)
    head = [f"# spec {rewritten.spec_id}", python]
    if fidelity is not Fidelity.EXACT:
        head.append(f"# {fidelity.value}: `envbuilder explain` tells what was changed")
    if spec.conda:
        names = ", ".join(sorted(item.name for item in spec.conda))
        head.append(f"# not here, since only conda has it: {visible(names)}")
    lines = sorted({item.text for item in spec.pypi} | {_reference(item, model) for item in spec.direct})
    files = {}
    if spec.constraints:
        files[CONSTRAINTS] = _text(sorted({item.text for item in spec.constraints}))
        lines.insert(0, f"-c {CONSTRAINTS}")
    return files | {REQUIREMENTS: _text([*head, *lines])}


def _reference(item: DirectReference, model: Path) -> str:
    """Return a direct reference as a line of pip's: files of the model by their place on this host."""
    url = (model / item.path).absolute().as_uri() if item.path else item.url.stripped
    marker = f" ; {item.marker}" if item.marker else ""
    if not item.name:
        return f"{url}{marker}"
    extras = f"[{','.join(item.extras)}]" if item.extras else ""
    return f"{item.name}{extras} @ {url}{marker}"


def _text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _conda_files(rewritten: Rewritten) -> tuple[str, dict[str, bytes]]:
    """Return the conda file as the rewriting has it, and the files that it may include. Raises UsageError."""
    name = rewritten.original.conda_file
    if name is None:
        raise UsageError("the model has no conda file", hint="give format pip")
    edits = rewrite_files(rewritten)
    left = [change for edit in edits for change in edit.skipped]
    if left:
        raise ExportError(
            f"its files cannot be rewritten as text: {left[0].message}",
            code="export/not-rewritten",
            origin=left[0].origin,
            hint="give format pip, or edit the file by hand",
        )
    # Of wheels only the digest is known.
    read = (f for f in rewritten.original.provenance.files if digest_bytes(f.content) == f.sha256)
    files = {f.path: f.content for f in read if f.path != "MLmodel"}
    return name, files | {edit.path: edit.after for edit in edits}


def _kept(files: Mapping[str, bytes], settings: Settings) -> Path:
    """Return the folder of the store where these files stand, written unless they are there."""
    layout = Store.open(settings.home).layout
    key = digest({path: digest_bytes(content) for path, content in files.items()})
    folder = layout.record("dependencies", key[:20])
    with told(layout.root, "keep a file of dependencies"):
        for path, content in files.items():
            place = folder / path
            # Somebody may have written into the one that was handed out.
            if not place.is_file() or place.read_bytes() != content:
                replace_file(place, content, tmp=layout.tmp)
    return folder
