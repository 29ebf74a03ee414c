"""What documents show: commands with their output, and marked blocks."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def shown(document: str) -> list[tuple[str, str]]:
    """Each ``$ envbuilder …`` of the console blocks with the output that stands below it."""
    return re.findall(r"(?m)^\$ (envbuilder .+)\n((?:(?!\$ |```).*\n)*)", document)


def blocks(document: str, marker: str) -> list[str]:
    """The fenced blocks below a comment ``<!-- marker -->``."""
    return re.findall(rf"(?ms)^<!-- {marker} -->\n```\w*\n(.*?)^```$", document)


def output_of(command: str, home: Path) -> str:
    """What a shown command writes when it runs in the repository's folder, both streams together."""
    argv = [sys.executable, "-m", *shlex.split(command)]
    environ = {**os.environ, "ENVBUILDER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        argv, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout
