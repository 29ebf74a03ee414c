"""What a Python caller gives, read as the command line reads it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.locate import locate, remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.request import Request, read_as_of, read_engine, read_python
from envbuilder.settings import Settings

if TYPE_CHECKING:
    import datetime

    from envbuilder.policy import Policy


def located(
    model: str | os.PathLike[str],
    *,
    settings: Settings,
    policy: Policy | None = None,
    progress: Progress = SILENT,
) -> Path:
    """Return the folder of a model, with its environment files alone where it is named by a URI."""
    name = os.fspath(model)
    if not remote(name):
        return locate(name)
    from envbuilder.remote.locating import located

    return located(name, settings=settings, policy=policy or DEFAULT, progress=progress)


def settings_of(settings: Settings | None, *, offline: bool) -> Settings:
    """The host's settings; whoever is asked to stay offline must not learn it from the request alone."""
    found = settings or Settings.from_environ()
    return replace(found, offline=True) if offline else found


def request_of(
    as_of: str | datetime.date,
    python: str | None,
    engine: str,
    *,
    offline: bool,
    strict: bool,
    platform: str | None = None,
) -> Request:
    """The request that these options make. Raises UsageError for one that means nothing."""
    return Request(
        as_of=read_as_of(as_of),
        python=read_python(python),
        engine=read_engine(engine),
        platform=platform,
        offline=offline,
        strict=strict,
    )
