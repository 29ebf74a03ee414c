"""One model being read: its door, its findings, what was looked for in vain, and how much was counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Gathering, Missing, Refusal
from envbuilder.reader.text import decode


class Reading:
    """What the parsers of a model's files share."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.gathering = Gathering()
        self._absent: set[str] = set()
        self._includes = 0
        self._requirements = 0
        self._characters = 0

    @property
    def absent(self) -> tuple[str, ...]:
        """Every path that was looked for and is not there, sorted."""
        return tuple(sorted(self._absent))

    def present(self, path: str) -> bool:
        """Whether something of that name is in the model; if not, that is remembered."""
        if self.directory.has(path):
            return True
        self._absent.add(path)
        return False

    def text(
        self, path: str, origin: Origin | None = None, *, limit: int = limits.ENVIRONMENT_FILE_BYTES
    ) -> str:
        """Return the text of a file. Raises Missing (remembered), Refusal."""
        with self._missing(path):
            return decode(self.directory.read(path, limit=limit, origin=origin), self.gathering)

    def digest(self, path: str, origin: Origin) -> str:
        """Return the sha256 of a file that may be large. Raises Missing (remembered), Refusal."""
        with self._missing(path):
            return self.directory.digest(path, origin=origin)

    @contextmanager
    def _missing(self, path: str) -> Iterator[None]:
        try:
            yield
        except Missing:
            self._absent.add(path)
            raise

    def count_include(self, origin: Origin) -> None:
        """Count a file that is named; two files that name each other twice would grow without end."""
        self._includes += 1
        if self._includes > limits.FILES:
            raise Refusal("input/too-many", f"more than {limits.FILES} files are included", origin)

    def count_requirement(self, origin: Origin) -> None:
        """Count a requirement, or an option, of any file."""
        self._requirements += 1
        if self._requirements > limits.REQUIREMENTS:
            raise Refusal(
                "input/too-many", f"more than {limits.REQUIREMENTS} requirements and options", origin
            )

    def count_characters(self, number: int, origin: Origin) -> None:
        """Count what a parser of others is about to be given."""
        self._characters += number
        if self._characters > limits.REQUIREMENT_CHARACTERS:
            message = f"more than {limits.REQUIREMENT_CHARACTERS} characters of requirements"
            raise Refusal("input/too-many", message, origin)
