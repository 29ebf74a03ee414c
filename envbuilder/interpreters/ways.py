"""The ways to a Python: what the host has, what uv fetches, what others fetch into the store's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from envbuilder.errors import ToolError
from envbuilder.interpreters.managed import fetch, refusal

if TYPE_CHECKING:
    from envbuilder.environment import Interpreter
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class HostWay:
    """Whatever is here, by whichever way it came."""

    def leads_to(self, interpreter: Interpreter) -> bool:  # noqa: ARG002 - all of them
        """Whether an interpreter that is here came this way."""
        return True


class FetchingWay(Protocol):
    """A way on which interpreters are fetched into the store's folder."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def leads_to(self, interpreter: Interpreter) -> bool:
        """Whether an interpreter that is here came this way."""

    def refusal(self) -> str:
        """Return why nothing may be fetched; empty if it may."""

    def fetch(self, wish: str, *, progress: Progress) -> str:
        """Fetch the Python of a version or a specifier; return why it could not be done, empty if it was."""


Way: TypeAlias = HostWay | FetchingWay


@dataclass(frozen=True, kw_only=True, slots=True)
class UvWay:
    """Downloads of uv, below ``folder``."""

    settings: Settings
    folder: Path
    name: str = "download by uv"

    def leads_to(self, interpreter: Interpreter) -> bool:
        """What lies in the folder and is none of conda's."""
        return interpreter.source != "conda" and interpreter.path.is_relative_to(self.folder.absolute())

    def refusal(self) -> str:
        """As the settings say."""
        return refusal(self.settings)

    def fetch(self, wish: str, *, progress: Progress) -> str:  # noqa: ARG002 - uv's own would need a terminal
        """Let uv install it."""
        try:
            return fetch(wish, settings=self.settings, folder=self.folder)
        except ToolError as error:
            return error.message
