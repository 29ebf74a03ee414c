"""The environment files of models behind URIs, as folders that the reader takes: never the weights.

Which files those are is the reader's to say: the usual ones are brought first, then what it looked for in
vain and the listing has (a conda file of another name, an include, a wheel).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from envbuilder.errors import EnvbuilderError
from envbuilder.process import neutral_directory
from envbuilder.reader import limits
from envbuilder.reader.directory import inner_path
from envbuilder.reader.gather import Refusal
from envbuilder.reader.mlmodel import PATH as MLMODEL
from envbuilder.reader.model import CONDA_FILES, PYTHON_ENV, REQUIREMENTS, examine_model
from envbuilder.reader.references import ARCHIVES
from envbuilder.redact import excerpt
from envbuilder.remote.dialogue import Brought, Wanted, bring
from envbuilder.remote.errors import RemoteError
from envbuilder.remote.keeping import Keeping, Note, take
from envbuilder.remote.uris import address, exact, unserved
from envbuilder.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.spec import EnvSpec

FIRST: Final = (MLMODEL, *CONDA_FILES, PYTHON_ENV, REQUIREMENTS, "constraints.txt", "pyproject.toml")

ROUNDS: Final = 6
"""Times that files name further files; MLflow itself writes two."""

BATCH: Final = 64
"""Models that one child is asked about."""

WHEEL_BYTES: Final = 1 << 30
"""Of one wheel, or other archive, that a model names and the policy opens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """The folder with a model's environment files, and the URI that means these for ever, where there is one."""

    folder: Path
    identity: str = ""


def gather(
    uris: Sequence[str], *, settings: Settings, policy: Policy, progress: Progress
) -> Iterator[Gathered | EnvbuilderError]:
    """Yield for each URI the folder of its environment files, or why there is none.

    What a version of a registered model led to is remembered; offline, what any URI led to. Raises
    RemoteError where MLflow cannot be asked at all, StoreError.
    """
    keeping = Keeping(Store.open(settings.home).layout)
    done = 0
    for start in range(0, len(uris), BATCH):
        batch = _Batch(uris[start : start + BATCH], settings=settings, policy=policy, keeping=keeping)
        for found in batch.run():
            done += 1
            progress.advance(done, len(uris))
            yield found


def noted(uri: str, *, settings: Settings, policy: Policy) -> Path:
    """Return the file of the store that says what a URI led to, if there is one."""
    key = address(uri, settings, wheels=_opens(policy))
    return Keeping(Store.open(settings.home).layout).note_path(key)


def _opens(policy: Policy) -> bool:
    """Whether wheels and source trees of a model are taken."""
    return not policy.sources.local == policy.sources.editable == "deny"


@dataclass(kw_only=True, slots=True)
class _Model:
    """One model that is under way."""

    uri: str
    key: str
    known: Note | None
    staged: Path | None = None
    identity: str = ""
    wanted: tuple[str, ...] = FIRST
    folders: tuple[str, ...] = ()
    asked: set[str] = field(default_factory=set)
    """Every file and folder that was asked for."""
    hollow: set[str] = field(default_factory=set)
    """Files that stand in the folder by their name alone."""
    outcome: Gathered | EnvbuilderError | None = None


class _Batch:
    """Some models, brought side by side."""

    def __init__(self, uris: Sequence[str], *, settings: Settings, policy: Policy, keeping: Keeping) -> None:
        self._settings = settings
        self._policy = policy
        self._keeping = keeping
        self._models = [self._model(uri) for uri in uris]

    def _model(self, uri: str) -> _Model:
        key = address(uri, self._settings, wheels=self._opens())
        model = _Model(uri=uri, key=key, known=self._keeping.note(key))
        if exact(uri) or self._settings.offline:
            model.outcome = self._remembered(model)
        if model.outcome is None:
            model.outcome = self._unanswerable(uri)
        return model

    def _unanswerable(self, uri: str) -> RemoteError | None:
        """Why nobody can be asked about a URI."""
        if self._settings.offline:
            return RemoteError(
                f"the store has no files of {excerpt(uri)}",
                code="remote/offline",
                hint="run without --offline",
            )
        return unserved(uri, self._settings)

    def _opens(self) -> bool:
        return _opens(self._policy)

    def _remembered(self, model: _Model) -> Gathered | None:
        folder = self._keeping.tree(model.known.tree) if model.known else None
        return Gathered(folder=folder, identity=model.known.identity) if folder and model.known else None

    def run(self) -> list[Gathered | EnvbuilderError]:
        """Return the outcome of each, in order."""
        for _ in range(ROUNDS):
            pending = [model for model in self._models if model.outcome is None]
            if not pending:
                break
            self._round(pending)
        for model in self._models:
            if model.outcome is None:
                model.outcome = RemoteError(
                    f"the files of {excerpt(model.uri)} name others more than {ROUNDS} times in a row",
                    hint="download the model, and name its folder",
                )
        return [model.outcome for model in self._models if model.outcome is not None]

    def _round(self, pending: list[_Model]) -> None:
        with neutral_directory(self._keeping.work) as directory:
            wanted = [self._asked(model, directory / str(number)) for number, model in enumerate(pending)]
            for model, item, answer in zip(pending, wanted, bring(wanted, self._settings), strict=True):
                self._taken(model, item, answer)

    def _asked(self, model: _Model, folder: Path) -> Wanted:
        folder.mkdir()
        known = model.known.identity if model.known and self._remembered(model) else ""
        largest = WHEEL_BYTES if any(map(_archive, model.wanted)) else limits.MLMODEL_BYTES
        model.asked |= {*model.wanted, *model.folders}
        return Wanted(
            uri=model.uri,
            files=model.wanted,
            folders=model.folders,
            folder=folder,
            known=known,
            largest=largest,
        )

    def _taken(self, model: _Model, wanted: Wanted, answer: Brought | RemoteError) -> None:
        """Take what came of a model; what is wrong with one is no matter of the others."""
        try:
            self._take(model, wanted, answer)
        except EnvbuilderError as error:
            model.outcome = error

    def _take(self, model: _Model, wanted: Wanted, answer: Brought | RemoteError) -> None:
        if isinstance(answer, RemoteError):
            raise answer
        if answer.unchanged:
            model.outcome = self._remembered(model)
            return
        if answer.refused:
            raise RemoteError(
                f"{excerpt(answer.refused[0])} of {excerpt(model.uri)} is larger than {wanted.largest} bytes",
                code="remote/too-large", hint="an environment file is a text of some kilobytes",
            )  # fmt: skip
        model.identity = answer.identity or model.identity
        if model.staged is None:
            model.staged = self._keeping.stage()
        self._fill(model, model.staged, wanted, answer)
        self._look_again(model, model.staged)
        if not model.wanted and not model.folders:
            self._finish(model)

    def _fill(self, model: _Model, staged: Path, wanted: Wanted, answer: Brought) -> None:
        """Put what came into the model's folder, and the names of what stands beside it."""
        for path in answer.fetched:
            if path in wanted.files and take(wanted.folder / path, staged / path, largest=wanted.largest):
                model.hollow.discard(path)
        for entry in answer.listing:
            path = _plain(entry.path)
            if not path or (staged / path).exists():
                continue
            if entry.folder:
                (staged / path).mkdir(parents=True, exist_ok=True)
            else:
                model.hollow.add(path)
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                (staged / path).touch()

    def _look_again(self, model: _Model, staged: Path) -> None:
        """Find what the reader wanted and does not have: an empty name, or a place in a folder not yet listed."""
        spec = _examined(model, staged)
        provenance = spec.provenance
        read = {file.path for file in provenance.files}
        lacking = (read & model.hollow) | {path for path in provenance.absent if "/" in path}
        shut = {path for path in lacking if _archive(path) and not self._opens()}
        folders = {path.rpartition("/")[0] for path in shut}
        for tree in self._trees(spec):
            lacking |= {path for path in model.hollow if tree.holds(path)}
            folders |= {path for path in _folders(staged) if tree.holds(path)} | {tree.path}
        model.wanted = tuple(sorted(lacking - shut - model.asked))
        model.folders = tuple(sorted(folders - model.asked - {"", "."}))

    def _trees(self, spec: EnvSpec) -> list[_Tree]:
        """Return the source trees in the model that the policy opens: an empty file in one would be a wrong one."""
        references = (
            reference for reference in spec.direct if reference.path and not _archive(reference.path)
        )
        return [_Tree(reference.path) for reference in references] if self._opens() else []

    def _finish(self, model: _Model) -> None:
        assert model.staged is not None  # noqa: S101
        tree = self._keeping.keep(model.staged)
        note = Note(tree=tree, identity=model.identity)
        self._keeping.save_note(model.key, note)
        if model.identity and model.identity != model.uri:
            self._keeping.save_note(address(model.identity, self._settings, wheels=self._opens()), note)
        model.known = note
        model.outcome = self._remembered(model) or RemoteError(
            f"the files of {excerpt(model.uri)} were changed in the store at once", hint="try again"
        )


def _examined(model: _Model, staged: Path) -> EnvSpec:
    try:
        return examine_model(staged, name=model.uri)
    except EnvbuilderError as error:
        raise RemoteError(
            f"{excerpt(model.uri)} holds no MLmodel and no environment file", code="remote/no-model",
            hint="name the folder of a model, such as runs:/RUN/model",
        ) from error  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tree:
    """A source tree in a model."""

    path: str

    def holds(self, path: str) -> bool:
        """Whether a file or a folder is part of it."""
        return self.path == "." or path.startswith(f"{self.path}/")


def _folders(staged: Path) -> Iterator[str]:
    for place, names, _ in os.walk(staged):
        yield from (os.path.relpath(os.path.join(place, name), staged) for name in names)  # noqa: PTH118


def _archive(path: str) -> bool:
    return path.lower().endswith(ARCHIVES)


def _plain(path: str) -> str:
    """Return a listed path if it can be a file of ours, else ""; the listing comes from a server."""
    try:
        inside = inner_path(path)
    except Refusal:
        return ""
    return inside if inside == str(PurePosixPath(path)) else ""
