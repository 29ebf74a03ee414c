"""How this process was started, read from ``sys.orig_argv`` as Python itself reads its command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["script", "module", "code", "stdin"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that Python runs. ``flags`` has the letters of its options, ``argv`` all after the executable."""

    kind: Kind
    target: str
    """A path, the name of a module, or code."""
    at: int
    """Where in ``argv`` the target stands; for ``-mNAME`` the whole option."""
    flags: frozenset[str]
    argv: tuple[str, ...]

    def with_target(self, target: str) -> tuple[str, ...]:
        """Return the arguments with another path for the script."""
        return (*self.argv[: self.at], target, *self.argv[self.at + 1 :])


def read_program(orig_argv: Sequence[str]) -> Program:
    """Return what a command line of Python runs (docs.python.org, "Command line and environment")."""
    argv = tuple(orig_argv[1:])
    flags: set[str] = set()
    at = 0
    while at < len(argv):
        text = argv[at]
        if text == "-" or not text.startswith("-"):
            kind: Kind = "stdin" if text == "-" else "script"
            return Program(kind=kind, target=text, at=at, flags=frozenset(flags), argv=argv)
        if text.startswith("--"):
            flags.add(text.partition("=")[0])
            at += 1 if "=" in text else 2  # --check-hash-based-pycs takes a value
            continue
        for letter, rest in _letters(text):
            flags.add(letter)
            if letter in "cm":
                kind = "code" if letter == "c" else "module"
                where = at if rest else at + 1
                target = rest or "".join(argv[where : where + 1])
                return Program(kind=kind, target=target, at=where, flags=frozenset(flags), argv=argv)
            if letter in "WX":
                at += not rest
                break
        at += 1
    return Program(kind="stdin", target="", at=len(argv), flags=frozenset(flags), argv=argv)


def _letters(text: str) -> Iterator[tuple[str, str]]:
    """Yield each letter of an option such as ``-Bum``, with what follows it."""
    for number in range(1, len(text)):
        yield text[number], text[number + 1 :]
