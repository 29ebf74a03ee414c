"""How the library tells what it is doing: a protocol with a silent default. The library never prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of a long piece of work; every method must return at once."""

    def phase(self, name: str, detail: str = "") -> None:
        """Tell that a phase begins: ``resolve``, ``interpreter``, ``download``, ``install``, ``verify`` …"""

    def advance(self, done: int, total: int) -> None:
        """Tell how far the current phase is; ``total`` is 0 if unknown."""

    def wait(self, detail: str) -> None:
        """Tell that another process does the work and we wait for it."""


class Silent:
    """The default: says nothing."""

    def phase(self, name: str, detail: str = "") -> None:
        """Ignore."""

    def advance(self, done: int, total: int) -> None:
        """Ignore."""

    def wait(self, detail: str) -> None:
        """Ignore."""


SILENT: Progress = Silent()
