"""The release to take where the pinned one has left the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envbuilder.resolver.demand import release_of
from envbuilder.resolver.engine import Failure, Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.targets import Place
    from envbuilder.spec import PypiRequirement


def nearest_release(pin: PypiRequirement, place: Place, engine: Engine) -> str | None:
    """Return the newest release of the pin's minor series, else the next older one, else any younger one."""
    for specifier in _series(release_of(pin) or ""):
        extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
        answer = engine.solve(
            Question(
                requirements=(f"{pin.name}{extras}{specifier}",),
                target=place.target,
                interpreter=place.interpreter,
                dependencies=False,
            )
        )
        if not isinstance(answer, Failure) and answer.candidates:
            return answer.candidates[0].version
    return None


def _series(text: str) -> Iterator[str]:
    try:
        version = Version(text)
    except InvalidVersion:
        return
    yield f"=={version.major}.{version.minor}.*"
    yield f"=={version.major}.*,<{version}" if not version.local else f"=={version.major}.*"
    yield f"<{version.public}"
    yield f">{version.public}"
