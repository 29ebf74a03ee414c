"""What must hold whatever bytes a parser is given; one law per kind of input, chosen by the first byte.

A law takes the bytes and an empty folder. It returns where they were refused as they should be, and raises
Broken, or whatever escaped, where they were not.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tests.fuzz import model_laws, package_laws, store_laws, text_laws

Law: TypeAlias = Callable[[bytes, Path], None]

LARGEST = 64 * 1024
"""Bytes of an amplified input."""

_MEMORY = Path("/dev/shm")  # every input makes and removes files


def amplified(content: bytes, folder: Path) -> None:
    """Judge a long input made of a short one: kind, times, then prefix, unit and suffix between 0xFF.

    Time that grows with the square of a length shows in this way only.
    """
    if len(content) < 3 or content[:1] == b"A":
        return
    parts = [*content[2:].split(b"\xff", 2), b"", b""]
    times = min((content[1] + 1) * 4, LARGEST // max(len(parts[1]), 1))
    middle = b"".join(parts[1].replace(b"{n}", b"%d" % number) for number in range(times))
    of(content[:1])(parts[0] + middle + parts[2], folder)


KINDS: dict[str, Law] = {
    "m": partial(model_laws.single, "MLmodel"),
    "c": partial(model_laws.single, "conda.yaml"),
    "r": partial(model_laws.single, "requirements.txt"),
    "p": partial(model_laws.single, "python_env.yaml"),
    "d": model_laws.several,
    "k": text_laws.matchspec,
    "h": text_laws.channel,
    "e": text_laws.escaped,
    "u": text_laws.redaction,
    "w": text_laws.tool_words,
    "q": text_laws.typed,
    "l": store_laws.lock,
    "L": store_laws.conda_lock,
    "s": store_laws.records,
    "b": store_laws.baseline,
    "P": store_laws.policy,
    "i": store_laws.host_index,
    "t": store_laws.tool_files,
    "z": package_laws.archive,
    "n": package_laws.metadata,
    "R": package_laws.channel_record,
    "A": amplified,
}
"""By the first character; other bytes choose by their number, so that no input is wasted."""


def of(first: bytes) -> Law:
    """Return the law that a first byte stands for."""
    return KINDS.get(first.decode("latin-1")) or [*KINDS.values()][first[0] % len(KINDS)]


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def judge(content: bytes) -> None:
    """Judge one input by the law of its kind. Raises whatever a broken law lets escape."""
    if not content:
        return
    with _folder() as folder:
        of(content[:1])(content[1:], folder)
