"""Requirements that stand several times in one file: folded where they agree, refused where they cannot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from envbuilder.findings import Level
from envbuilder.reader.gather import Gathering, Refusal
from envbuilder.spec import PypiName, PypiRequirement


def fold(requirements: Iterable[PypiRequirement], gathering: Gathering) -> tuple[PypiRequirement, ...]:
    """Return one requirement per name and marker, in the order of their first lines.

    Extras, hashes and constraints are united; a pin that the other lines allow stands for all of them.
    Two that no version can meet are reported as ``input/conflicting-requirement`` and refuse the model.
    """
    folded: dict[tuple[PypiName, str], PypiRequirement] = {}
    for item in requirements:
        key = (item.name, same_marker(item.marker))
        first = folded.get(key)
        if first is None:
            folded[key] = item
            continue
        with gathering.refusals():
            folded[key] = _folded(first, item)
            gathering.add(
                Level.NOTE,
                "input/duplicate-requirement",
                f"{item.name} stands here again (first in {first.origin}); the lines are taken as one",
                item.origin,
                hint="keep one line",
                subject=item.name,
            )
    return tuple(folded.values())


def _folded(first: PypiRequirement, second: PypiRequirement) -> PypiRequirement:
    specifier = united(first.specifier, second.specifier)
    if specifier is None:
        raise Refusal(
            "input/conflicting-requirement",
            f"{second.name}{second.specifier} contradicts {first.name}{first.specifier} ({first.origin})",
            second.origin,
            hint="keep one of the two lines",
        )
    return replace(
        first,
        specifier=specifier,
        extras=tuple(sorted({*first.extras, *second.extras})),
        hashes=tuple(dict.fromkeys((*first.hashes, *second.hashes))),
    )


def same_marker(text: str) -> str:
    """Return one text for all spellings of a marker."""
    return str(Marker(text)) if text else ""


def united(first: str, second: str) -> str | None:
    """Return the specifier that means both, None if both are pins (or pin and range) that exclude each other."""
    if not first or not second or same_specifier(first, second):
        return first or second
    # A repaired spelling (``==``) comes before one to repair (a single ``=``).
    pins = sorted((s for s in (first, second) if _pin(s)), key=lambda s: not s.startswith("=="))
    if not pins:
        return f"{first},{second}"
    allowed = [pin for pin in pins if _allows(first, pin) and _allows(second, pin)]
    return allowed[0] if allowed else None


def _pin(specifier: str) -> str:
    single = "," not in specifier and specifier.startswith("=") and not specifier.endswith(".*")
    return specifier.lstrip("=") if single else ""


def _parsed(specifier: str) -> SpecifierSet:
    pin = _pin(specifier)
    return SpecifierSet(f"=={pin}" if pin and not specifier.startswith("===") else specifier)


def _allows(specifier: str, pin: str) -> bool:
    try:
        return _parsed(specifier).contains(_pin(pin), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return specifier == pin


def same_specifier(first: str, second: str) -> bool:
    """Whether two specifiers are the same but for their spelling (``==1.0`` and ``==1.0.0``)."""
    try:
        return first == second or _parsed(first) == _parsed(second)
    except InvalidSpecifier:
        return False


def agree(first: str, second: str) -> bool:
    """Whether a version can meet both: a pin that the other allows, or two ranges."""
    return united(first, second) is not None
