"""Solving: from match specifications to records of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import ToolError
from envbuilder.progress import SILENT, Progress

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.conda.questions import CondaAnswer, CondaQuestion
    from envbuilder.settings import Settings


def solve(
    question: CondaQuestion, *, cache: Path, settings: Settings, progress: Progress = SILENT
) -> CondaAnswer:
    """Answer one question; ``cache`` is a folder of the store that many processes share.

    Channels have strict priority; no channel but ``question.sources`` is ever asked, none of the host's own
    configuration. A record without sha256, or of a URL outside its channel, cannot be chosen: that raises.
    Raises PolicyError (``channel/restricted``, ``channel/not-allowed``), ToolError where py-rattler is missing
    or gives no answer, UsageError for a platform that no channel knows.
    """
    raise ToolError("not there yet")
