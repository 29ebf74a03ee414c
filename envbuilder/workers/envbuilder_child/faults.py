"""What may go wrong with a value or a connection, for both sides."""

from typing import Any


class Closed(Exception):
    """The other side has gone."""


class Unsupported(ValueError):
    """A value that cannot be carried; the text says which and where."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def inside(self, step: str) -> Any:
        """Return the same one level further out."""
        return Unsupported(self.reason, step + self.path)

    def __str__(self) -> str:
        return "value{}: {}".format(self.path, self.reason) if self.path else self.reason
