"""How a law says that it is broken, and what everything that is shown must be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from envbuilder.errors import EnvbuilderError

SECONDS = 2.0
"""CPU time that one step may take for one input, under the fuzzer's instrumentation too."""


class Broken(AssertionError):
    """A law does not hold."""


def hold(condition: object, what: str, *shown: object) -> None:
    """Raise Broken with what was compared, unless the condition holds."""
    if not condition:
        raise Broken(f"{what}: " + " | ".join(repr(item)[:600] for item in shown))


def harmless(text: str, where: str, *, lines: bool = False) -> None:
    """Hold that a text has no control, bidi or invisible character; with ``lines`` line feeds may stand."""
    shown = text.replace("\n", "") if lines else text
    if not shown.isprintable():
        hidden = next(character for character in shown if not character.isprintable())
        raise Broken(f"U+{ord(hidden):04X} in {where}: {text[:300]!r}")


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Hold that one step ends in time."""
    start = time.process_time()
    yield
    spent = time.process_time() - start
    if spent > SECONDS:
        raise Broken(f"{what} took {spent:.1f} s of CPU time")


def told(error: EnvbuilderError) -> None:
    """Hold that an error can be shown, and has what a person needs."""
    harmless(str(error), "an error", lines=True)
    hold("/" in error.code, "a code", error.code)
    hold(error.message, "a message", error.code)
