"""Requirements that stand several times in one file: folded where they agree, refused where they cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion

from envbuilder.reader import limits
from envbuilder.reader.gather import Gathering, Refusal
from envbuilder.spec import PypiName, PypiRequirement


def fold(requirements: Iterable[PypiRequirement], gathering: Gathering) -> tuple[PypiRequirement, ...]:
    """Return one requirement per name and marker, in the order of their first lines.

    Extras, hashes and constraints are united; a pin that the other lines allow stands for all of them.
    Two that no version can meet are reported as ``input/conflicting-requirement`` and refuse the model.
    """
    folding = _Folding(gathering)
    for item in requirements:
        # What was refused once is not compared again: there may be thousands of lines of one package.
        if item.name not in folding.refused:
            folding.add(item)
    return tuple(folding.folded.values())


class _Folding:
    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._markers: Counter[PypiName] = Counter()
        self.folded: dict[tuple[PypiName, str], PypiRequirement] = {}
        self.refused: set[PypiName] = set()

    def add(self, item: PypiRequirement) -> None:
        key = (item.name, same_marker(item.marker))
        first = self.folded.get(key)
        try:
            self.folded[key] = self._first(item) if first is None else _folded(first, item)
        except Refusal as refusal:
            self.refused.add(item.name)
            self._gathering.refuse(refusal)
            return
        if first is not None:
            message = f"{item.name} stands here again (first in {first.origin}); the lines are taken as one"
            self._gathering.note(
                "input/duplicate-requirement", message, item.origin, hint="keep one line", subject=item.name
            )

    def _first(self, item: PypiRequirement) -> PypiRequirement:
        self._markers[item.name] += 1
        if self._markers[item.name] > limits.CLAUSES:
            message = f"{item.name} stands under more than {limits.CLAUSES} markers"
            raise Refusal("input/too-many", message, item.origin)
        return item


def _folded(first: PypiRequirement, second: PypiRequirement) -> PypiRequirement:
    specifier = united(first.specifier, second.specifier)
    if specifier is None:
        raise Refusal(
            "input/conflicting-requirement",
            f"{second.name}{second.specifier} contradicts {first.name}{first.specifier} ({first.origin})",
            second.origin,
            hint="keep one of the two lines",
        )
    if specifier.count(",") >= limits.CLAUSES:
        message = f"{first.name} has more than {limits.CLAUSES} version clauses"
        raise Refusal("input/too-many", message, second.origin)
    return replace(
        first,
        specifier=specifier,
        extras=tuple(sorted({*first.extras, *second.extras})),
        hashes=tuple(dict.fromkeys((*first.hashes, *second.hashes))),
    )


@lru_cache(maxsize=4096)
def same_marker(text: str) -> str:
    """Return one text for all spellings of a marker."""
    return str(Marker(text)) if text else ""


def united(first: str, second: str) -> str | None:
    """Return the specifier that means both, None if both are pins (or pin and range) that exclude each other."""
    if not first or not second or same_specifier(first, second):
        return first or second
    # A repaired spelling (``==``) comes before one to repair (a single ``=``).
    if _prefix(first) and _prefix(second):
        return _narrower(first, second)
    pins = sorted((s for s in (first, second) if _pin(s)), key=lambda s: not s.startswith("=="))
    if not pins:
        return ",".join(dict.fromkeys((*first.split(","), *second.split(","))))
    allowed = [pin for pin in pins if _allows(first, pin) and _allows(second, pin)]
    return allowed[0] if allowed else None


def _prefix(specifier: str) -> str:
    """``1.2`` of ``==1.2.*``, else nothing."""
    single = "," not in specifier and specifier.startswith("==") and specifier.endswith(".*")
    return specifier[2:-2] if single else ""


def _narrower(first: str, second: str) -> str | None:
    try:
        if _parsed(first).contains(_prefix(second), prereleases=True):
            return second
        return first if _parsed(second).contains(_prefix(first), prereleases=True) else None
    except (InvalidSpecifier, InvalidVersion):
        return None


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
    return first == second or canonical_specifier(first) == canonical_specifier(second)


@lru_cache(maxsize=4096)
def canonical_specifier(specifier: str) -> frozenset[str]:
    """Return the clauses of a specifier in one spelling."""
    try:
        return frozenset(_canonical(clause) for clause in _parsed(specifier))
    except InvalidSpecifier:
        return frozenset({specifier})


def _canonical(clause: Specifier) -> str:
    if clause.operator == "===" or clause.version.endswith(".*"):
        return str(clause)
    trailing = clause.operator != "~="
    return clause.operator + canonicalize_version(clause.version, strip_trailing_zero=trailing)


def agree(first: str, second: str) -> bool:
    """Whether a version can meet both: a pin that the other allows, or two ranges."""
    return united(first, second) is not None
