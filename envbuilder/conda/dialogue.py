"""Asking py-rattler: in a child of our own Python, judged by its answer alone, however it ends."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from envbuilder.bounds import GENEROUS, exceeded, told
from envbuilder.errors import ToolError
from envbuilder.process import neutral_directory, run
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 1200.0

CHILD: Final = Path(__file__).with_name("child.py")

_NOWHERE: Final = "http://127.0.0.1:9"
"""The port to which nobody listens (RFC 863): whatever the child would fetch, it finds no way out."""

VARIABLES: Final = {
    **{name: _NOWHERE for proxy in ("http", "https", "all") for name in (f"{proxy}_proxy", f"{proxy}_PROXY".upper())},
    "RUST_BACKTRACE": "0",
}  # fmt: skip


def available() -> None:
    """Raise ToolError where py-rattler is not installed."""
    if find_spec("rattler") is None:
        raise ToolError(
            "conda packages need py-rattler, which is not installed", hint="pip install 'envbuilder[conda]'"
        )


def argv_of(asked: Path, answer: Path) -> list[str]:
    """Return the command line of a child; where py-rattler lies may be a place that ``-I`` hides (a user's own)."""
    spec = find_spec("rattler")
    place = str(Path(spec.origin).parent.parent) if spec and spec.origin else ""
    return [sys.executable, "-I", str(CHILD), str(asked), str(answer), place]


def ask(
    request: Mapping[str, Any], *, seconds: float = SECONDS, folder: Path | None = None
) -> dict[str, Any]:
    """Let the child answer one request; a neutral folder below ``folder`` is its home and ``request["folder"]``.

    Raises ToolError where there is no answer, or one that tells of an error of the library.
    """
    available()
    with neutral_directory(folder) as directory:
        asked, answer = directory / "request.json", directory / "answer.json"
        asked.write_text(json.dumps({"folder": str(directory), **request}), encoding="utf-8")
        done = run(
            argv_of(asked, answer), directory=directory, variables=VARIABLES, seconds=seconds, bounds=GENEROUS
        )
        try:
            found = json.loads(answer.read_bytes())
        except (OSError, ValueError, RecursionError):
            if kind := exceeded(done.stderr, done.returncode):
                raise ToolError(f"py-rattler was ended: {told(kind)}", code="tool/limit") from None
            raise ToolError(
                f"py-rattler ended with {done.returncode} and gave no answer",
                detail=done.tail(),
                hint="try again; if it stays so, update py-rattler",
            ) from None
    if not isinstance(found, dict):
        raise meaningless("no object")
    if "error" in found:
        raise ToolError(
            f"py-rattler failed: {excerpt(str(found['error']))}: {excerpt(str(found.get('message')), 2000)}",
            hint="try again; if it stays so, update py-rattler",
        )
    return found


def meaningless(what: str) -> ToolError:
    """Return the error for an answer that nobody understands."""
    return ToolError(
        f"py-rattler gave an answer that is none: {excerpt(what)}", hint="update py-rattler or envbuilder"
    )
