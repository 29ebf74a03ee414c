"""The ways to a Python, in the policy's order; one of them is conda-forge, whose Pythons go back to 3.6.

What comes from there is an interpreter like any other: environments of the package index are made with it.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from envbuilder.digests import digest
from envbuilder.errors import EnvbuilderError
from envbuilder.interpreters.managed import refusal
from envbuilder.interpreters.ways import HostWay, UvWay, Way
from envbuilder.progress import SILENT
from envbuilder.resolver.engine import FailureKind
from envbuilder.resolver.targets import host_platform
from envbuilder.store.packages import using_conda
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envbuilder.conda.questions import Source
    from envbuilder.environment import Interpreter
    from envbuilder.lock import CondaPackage
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.store.store import Store

CHANNEL: Final = "https://conda.anaconda.org/conda-forge"
_START: Final = "conda-"


def ways_of(store: Store, settings: Settings, policy: Policy) -> tuple[Way, ...]:
    """Return the ways to a Python of this host that the policy's ``[python] order`` names."""
    ways: dict[str, Way] = {
        "host": HostWay(),
        "uv": UvWay(settings=settings, folder=store.pythons),
        "conda-forge": CondaWay(store=store, settings=settings, policy=policy),
    }
    return tuple(ways[name] for name in policy.python.order)


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaWay:
    """Pythons of conda-forge, each in a folder of its own beside those of uv."""

    store: Store
    settings: Settings
    policy: Policy
    name: str = "conda-forge"
    _unreachable: list[str] = field(default_factory=list, repr=False)
    """Why it could not be reached: who asks again at once would only wait again."""

    def leads_to(self, interpreter: Interpreter) -> bool:
        """What lies in one of our folders."""
        folder = interpreter.path.parent.parent
        return folder.parent == self.store.pythons.absolute() and folder.name.startswith(_START)

    def refusal(self) -> str:
        """Return why nothing may be fetched; empty if it may."""
        from importlib.util import find_spec

        from envbuilder.channels import canonical

        if self._unreachable:
            return self._unreachable[0]
        if find_spec("rattler") is None:
            return "py-rattler is not installed (pip install 'envbuilder[conda]')"
        allow = self.policy.channels.allow
        if allow and canonical(CHANNEL) not in map(canonical, allow):
            return "the policy's [channels] does not allow it"
        return refusal(self.settings)

    def fetch(self, wish: str, *, progress: Progress = SILENT) -> str:
        """Install the newest Python that fits, unless it is there; return why it could not be done."""
        try:
            with self.store.turn(digest({"python": wish}), progress=progress, remember=False):
                packages = self._solved(wish, progress)
                if isinstance(packages, str):
                    return packages
                self._install(packages, progress)
        except EnvbuilderError as error:
            return error.message
        return ""

    def _solved(self, wish: str, progress: Progress) -> Sequence[CondaPackage] | str:
        from envbuilder.conda.host import virtual_packages
        from envbuilder.conda.questions import CondaFailure, CondaQuestion
        from envbuilder.conda.solving import solve

        question = CondaQuestion(
            specs=(f"python[version='{_versions(wish)}',build='*_cpython']",),
            sources=(self._source(),),
            platform=host_platform(),
            virtual=virtual_packages(host_platform(), floor=_floor()),
        )
        with using_conda(self.store.layout):
            answer = solve(question, cache=self.store.conda_cache, settings=self.settings, progress=progress)
        if not isinstance(answer, CondaFailure):
            return answer.packages
        if answer.kind is FailureKind.NETWORK:
            self._unreachable.append(answer.text)
        return answer.text

    def _install(self, packages: Sequence[CondaPackage], progress: Progress) -> None:
        """Lay a Python out aside and move it to its place in one step: half of one must never be found."""
        from envbuilder.conda.installing import install

        layout = self.store.layout
        key = digest([package.sha256 for package in packages])
        place = self.store.pythons / f"{_START}{_version(packages)}-{key[:12]}"
        if place.exists():
            return
        with self.store.turn(key, progress=progress, remember=False), using_conda(layout):
            if place.exists():
                return
            work = layout.workspace(key)
            install(
                packages,
                tree=work / "tree",
                final=place,
                cache=layout.conda_cache,
                sources=(self._source(),),
                settings=self.settings,
                scratch=_made(work / "work"),
                progress=progress,
            )
            with told(layout.root, "keep a Python"):
                place.parent.mkdir(parents=True, exist_ok=True)
                (work / "tree").rename(place)

    def _source(self) -> Source:
        from envbuilder.conda.questions import Source

        return Source(channel=CHANNEL, mirrors=self.policy.channels.mirrors_of(CHANNEL))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _versions(wish: str) -> str:
    """Return a checked wish as conda reads it: ``3.8`` means its patch releases, in both words."""
    if wish.replace(".", "").isdigit():
        return f"=={wish}" if wish.count(".") == 2 else f"{wish}.*"
    return wish.replace(" ", "")


def _version(packages: Sequence[CondaPackage]) -> str:
    return next((package.version for package in packages if package.name == "python"), "0")


def _floor() -> str:
    library, version = platform.libc_ver()
    return f"glibc-{version}" if library == "glibc" else ""
