"""The shared list of hostile inputs, and how a case becomes files of a model."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

SHARED = Path(__file__).parents[2] / "shared" / "hostile" / "cases.json"
CASES: list[dict[str, Any]] = json.loads(SHARED.read_text("utf-8")) if SHARED.is_file() else []
_ENVIRONMENT_FILES = {"requirements.txt", "conda.yaml", "python_env.yaml"}


def write_case(case: dict[str, Any], root: Path) -> None:
    """Write a case into an empty folder, with a plain requirements.txt where it would be no model else."""
    target = root / case["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if "setup" not in case:
        target.write_bytes(_content(case))
    elif "symbolic link to" in case["setup"]:
        target.symlink_to(case["setup"].rpartition(" to ")[2])
    else:
        assert case["setup"] == "MLmodel is a directory, with an empty file in it"
        target.mkdir()
        (target / "empty").touch()
    for name, text in case.get("beside", {}).items():
        (root / name).write_text(text, "utf-8")
    if not _ENVIRONMENT_FILES & {case["file"], *case.get("beside", {})}:
        (root / "requirements.txt").write_text("numpy==1.21.0\n")


def texts_of(case: dict[str, Any]) -> list[str]:
    """Return every text of a case as it is, unread by any parser: for what only shows texts."""
    told = [str(value) for value in case.values()]
    return [*told, *([] if "setup" in case else [_content(case).decode("utf-8", "surrogateescape")])]


def _content(case: dict[str, Any]) -> bytes:
    if "b64" in case:
        return base64.b64decode(case["b64"])
    return (_big(case) if "repeat" in case else str(case["content"])).encode()


def _big(case: dict[str, Any]) -> str:
    repeated = "".join(case["repeat"].replace("{n}", str(n)) for n in range(case["times"]))
    text = str(case.get("prefix", "")) + repeated + str(case.get("suffix", ""))
    return text + (_big(case["then"]) if "then" in case else "")
