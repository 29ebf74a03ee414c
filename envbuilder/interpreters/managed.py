"""Interpreters that uv fetches for us, into the store's own folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import ToolError
from envbuilder.process import Finished, neutral_directory, run

if TYPE_CHECKING:
    from envbuilder.settings import Settings

SECONDS = 900.0
"""An interpreter is 20 to 100 MB."""


def uv_binary(settings: Settings) -> Path:
    """Return the uv that was installed with us, else the first one on the host's PATH. Raises ToolError."""
    try:
        from uv import find_uv_bin  # a host that has uv on PATH may lack the package

        return Path(find_uv_bin()).absolute()
    except (ImportError, FileNotFoundError):
        found = next((p / "uv" for p in settings.search_path if (p / "uv").is_file()), None)
    if found is None:
        raise ToolError("uv was not found", hint="install uv beside envbuilder, or use --engine pip")
    return found.absolute()


def refusal(settings: Settings) -> str:
    """Return why nothing may be fetched; empty if it may."""
    if not settings.python_downloads:
        return "downloads of interpreters are switched off"
    if settings.offline and not (settings.python_mirror or "").startswith("file:"):
        return "offline"
    return ""


def fetch(wish: str, *, settings: Settings, folder: Path) -> str:
    """Let uv install the Python that is wished for below ``folder``.

    Return an empty text, or why it could not be done. ``wish`` is a version or a specifier, checked by
    the caller. Raises ToolError if there is no uv or it hangs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    argv = [str(uv_binary(settings)), "python", "install", "--no-config", "--no-bin", "--color", "never",
            "--no-progress", "--install-dir", str(folder.absolute())]  # fmt: skip
    if settings.python_mirror:
        argv += ["--mirror", settings.python_mirror]
    with neutral_directory() as directory:
        done = run(
            [*argv, "--", wish],
            directory=directory,
            variables=dict(settings.tool_variables),
            seconds=SECONDS,
        )
    return "" if done.ok else _reason(done)


def _reason(done: Finished) -> str:
    lines = [line.strip() for line in done.tail(40).splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("error:")), 0)
    return "; ".join(lines[first:]).removeprefix("error: ") or f"exit code {done.returncode}"
