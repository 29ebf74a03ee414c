"""Writing tickets: a hit that went the long way notes what it looked at (envbuilder.use.ticket)."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.hostindex import configuration_files
from envbuilder.store.files import replace_file
from envbuilder.store.index import NAME as INDEX
from envbuilder.store.layout import Layout
from envbuilder.store.manifest import FOLDER, NAME, Manifest
from envbuilder.use import ticket as tickets
from envbuilder.use.keys import addressed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envbuilder.settings import Settings
    from envbuilder.use.restoration import Restored

Watched = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostFiles:
    """The files outside the model that an answer depends on, as they were before any was read.

    ``watched`` is None where one of them cannot be watched (a link, no folder): then no ticket is written.
    """

    paths: tuple[Path, ...]
    watched: Watched | None

    @classmethod
    def see(cls, policy: Path | None, environ: Mapping[str, str]) -> HostFiles:
        """Look at the policy's files and at what names the host's index."""
        own = (policy,) if policy else (Path("envbuilder.toml"), Path("pyproject.toml"), Path("MLmodel"))
        home = Path(environ.get("HOME") or Path.home())
        try:
            paths = tuple(path.absolute() for path in (*own, *configuration_files(environ, home)))
        except OSError:  # the folder that we stand in is gone
            return cls(paths=(), watched=None)
        return cls(paths=paths, watched=_watched(paths))

    def also(self, path: Path) -> HostFiles:
        """Return the same with one more file, looked at now."""
        more = _watched([path])
        watched = None if self.watched is None or more is None else (*self.watched, *more)
        return HostFiles(paths=(*self.paths, path), watched=watched)

    def unchanged(self) -> bool:
        """Whether they still are what they were."""
        return self.watched is not None and _watched(self.paths) == self.watched


def keep_ticket(
    arguments: Sequence[str],
    *,
    command: Sequence[str],
    model: Path,
    restored: Restored,
    host: HostFiles,
    settings: Settings,
    told: str,
) -> None:
    """Write the ticket of a command line that was a hit; that it cannot be kept is no failure.

    ``command`` is what ``run`` becomes, as the command line was understood.
    """
    home = tickets.home_of(os.environ)
    if not restored.hit or home is None or Path(home) != settings.home:
        return
    if command and tickets.command_of(arguments) != list(command):
        return
    with contextlib.suppress(OSError, ValueError):
        ticket = _ticket(model, restored, host, Layout(settings.home), told)
        if ticket and host.unchanged():
            path = Path(tickets.place_of(home, arguments, os.environ))
            content = tickets.write(ticket)
            if not path.is_file() or path.read_bytes() != content:
                replace_file(path, content, tmp=Layout(settings.home).tmp)


def _ticket(
    model: Path, restored: Restored, host: HostFiles, layout: Layout, told: str
) -> tickets.Ticket | None:
    own, shared = _of_model(model, restored), _watched([layout.root / "format.json"])
    prefix = restored.environment.prefix
    if host.watched is None or own is None or shared is None or not (prefix / FOLDER / INDEX).is_file():
        return None
    content = (prefix / FOLDER / NAME).read_bytes()
    manifest = Manifest.parse(content)
    return tickets.Ticket(
        env_id=manifest.env_id,
        prefix=str(prefix),
        lock=str(layout.use_lock(manifest.env_id)),
        manifest=hashlib.sha256(content).hexdigest(),
        files_digest=manifest.files_digest,
        watched=(*shared, *host.watched, *own),
        marks=tuple((mark.path, mark.size, mark.mtime_ns) for mark in manifest.marks),
        told=told,
    )


def _of_model(model: Path, restored: Restored) -> Watched | None:
    """What was read as it was read; what was not read, but addresses the request, as it is now."""
    folder, names = addressed(model.absolute())
    read = dict(restored.files)
    others = _watched(
        [folder / name for name in dict.fromkeys((*names, *restored.absent)) if name not in read]
    )
    # Below the first level a folder may become a link, or is a whole source tree: the long way reads those.
    if others is None or any("/" in path for path in read):
        return None
    return (*((str(folder / path), sha256) for path, sha256 in read.items()), *others)


def _watched(paths: Iterable[Path]) -> Watched | None:
    try:
        return tuple(
            (str(path), tickets.sha256_of(str(path)) if os.path.lexists(path) else "") for path in paths
        )
    except OSError:
        return None
