"""Judges inputs: ``target.py FILE…`` replays files.

``target.py --fuzz [--keep FOLDER] [libFuzzer options] CORPUS…`` looks for new ones (needs atheris). It ends at
the first, or goes on and keeps the first of each kind in a folder.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRACED = ["envbuilder", "packaging", "tomli_w", "tomllib", "urllib.parse", "configparser"]
"""What is followed: our code, and the parsers of others that it hands text to."""


def replay(paths: list[str]) -> int:
    """Judge each file; return how many break a law."""
    from tests.fuzz.laws import judge

    broken = 0
    for path in paths:
        try:
            judge(Path(path).read_bytes())
        except Exception as error:  # noqa: BLE001, PERF203 - whatever escapes is looked for
            broken += 1
            print(f"{path}: {type(error).__name__}: {error}")
    print(f"{len(paths)} inputs, {broken} broken")
    return broken


def fuzz(arguments: list[str]) -> None:
    """Look for inputs that break a law until libFuzzer's options end it."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=TRACED):
        judge = import_module("tests.fuzz.laws").judge
    if arguments[:1] == ["--keep"]:
        judge = _Keeping(judge, Path(arguments[1]))
        arguments = arguments[2:]
    dictionary = f"-dict={Path(__file__).with_name('dictionary.txt')}"
    atheris.Setup([sys.argv[0], dictionary, *arguments], judge)
    atheris.Fuzz()


class _Keeping:
    """Keeps the first input of each way to fail in a folder, and goes on."""

    def __init__(self, judge: Callable[[bytes], None], folder: Path) -> None:
        self._judge = judge
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, content: bytes) -> None:
        try:
            self._judge(content)
        except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            what = str(error).partition(":")[0][:60]
            told = f"{type(error).__name__} {what} {Path(frame.filename).name}:{frame.lineno}"
            name = re.sub(r"[^A-Za-z0-9]+", "-", told)
            if not (self._folder / name).exists():
                (self._folder / name).write_bytes(content)
                print(f"KEPT {told}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--fuzz"]:
        fuzz(sys.argv[2:])
    else:
        sys.exit(1 if replay(sys.argv[1:]) else 0)
