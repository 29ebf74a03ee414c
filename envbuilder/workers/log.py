"""What a child writes: read by a thread, so that nothing ever blocks or fills a disk; the end is kept."""

from __future__ import annotations

import os
import threading
from typing import Final

from envbuilder.redact import masked, visible

KEPT: Final = 64 * 1024
"""Bytes of the end of a log."""

SHOWN: Final = 4096
"""Bytes of the end of a log that an error shows."""


class Log:
    """The end of what comes through a pipe. Call ``started`` once a child has ``writer``."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, name="envbuilder-log", daemon=True)

    def started(self) -> None:
        """Let go of the writing end, and read until nobody has it any more."""
        os.close(self.writer)
        self._thread.start()

    def _drain(self) -> None:
        while chunk := os.read(self._reader, 1 << 16):
            self._kept += chunk
            if len(self._kept) > 2 * KEPT:
                del self._kept[:-KEPT]
        self.close()

    def close(self) -> None:
        """Close the reading end: by the thread at the log's end, or in a fork, which has no thread."""
        reader, self._reader = self._reader, -1
        if reader >= 0:
            os.close(reader)

    def tail(self, seconds: float = 0.0) -> str:
        """Return the log's end, safe for a terminal; waits so long for the last of it."""
        if seconds:
            self._thread.join(seconds)
        text = bytes(self._kept[-SHOWN:]).decode("utf-8", "replace")
        return visible(masked(text), newlines=True).strip()
