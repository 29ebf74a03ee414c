"""The report as one HTML page that needs nothing else: for people who decide about many models.

It holds its style, its script and its data, works from a file, and asks no network: its policy (CSP) lets
nothing be loaded and nothing run but the page's own script. Summary, charts and causes are plain HTML, the
table of models is made by the script from the data.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import TYPE_CHECKING

from envbuilder.report.page.causes import causes
from envbuilder.report.page.charts import charts
from envbuilder.report.page.licences import licences
from envbuilder.report.page.models import data, note
from envbuilder.report.page.summary import facts, heading, not_read, policy, tiles

if TYPE_CHECKING:
    from envbuilder.findings import Level
    from envbuilder.report.report import Report

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def write(report: Report, *, fail_on: Level) -> Iterator[str]:
    """Yield the page piece by piece; what it remembers meanwhile are the texts that many models share."""
    style, script = _file("page.css"), _file("page.js")
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "policy": lambda: iter([_policy(style, script)]),
        "style": lambda: iter([style]),
        "heading": lambda: heading(report, fail_on),
        "facts": lambda: facts(report, fail_on),
        "tiles": lambda: tiles(report),
        "mistakes": lambda: policy(report),
        "causes": lambda: causes(report),
        "charts": lambda: charts(report),
        "licences": lambda: licences(report),
        "note": lambda: note(report),
        "not_read": lambda: not_read(report),
        "data": lambda: data(report),
        "script": lambda: iter([script]),
    }
    # Split once: what a part brings is never looked through for places.
    for number, piece in enumerate(_PLACE.split(_file("page.html"))):
        if number % 2:
            yield from parts[piece]()
        else:
            yield piece


def _file(name: str) -> str:
    return resources.files("envbuilder.report.page").joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Return a Content Security Policy (CSP level 3) that allows these two texts and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
