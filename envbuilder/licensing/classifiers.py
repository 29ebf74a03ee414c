"""What a licence classifier says, and which of them say nothing for certain (PEP 639, appendix D)."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from importlib.resources import files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = "License"
SEPARATOR = " :: "


def license_classifiers(classifiers: Iterable[str]) -> tuple[str, ...]:
    """Return those about licences: each once, and no parent of another one (the two count as one)."""
    parts = [tuple(part.strip() for part in text.split("::")) for text in classifiers]
    own = list(dict.fromkeys(found for found in parts if found[0] == ROOT))
    return tuple(
        SEPARATOR.join(one)
        for one in own
        if not any(other != one and other[: len(one)] == one for other in own)
    )


def last_part(classifier: str) -> str:
    """Return ``MIT License`` of ``License :: OSI Approved :: MIT License``."""
    return classifier.rpartition(SEPARATOR)[2]


def expression_of(classifier: str) -> str | None:
    """Return the SPDX expression that a classifier stands for; None where it could be one of several."""
    return _precise().get(last_part(classifier))


@functools.cache
def _precise() -> dict[str, str]:
    text = files("envbuilder.licensing").joinpath("classifiers.toml").read_text("utf-8")
    return {name: str(expression) for name, expression in tomllib.loads(text).items()}
