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
    return folding.folded


class _Folding:
    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._markers: Counter[PypiName] = Counter()
        self._groups: dict[tuple[PypiName, str], _Group] = {}
        self.refused: set[PypiName] = set()

    @property
    def folded(self) -> tuple[PypiRequirement, ...]:
        return tuple(group.folded for group in self._groups.values())

    def add(self, item: PypiRequirement) -> None:
        key = (item.name, same_marker(item.marker))
        group = self._groups.get(key)
        try:
            if group is None:
                self._count_marker(item)
                self._groups[key] = _Group(item)
                return
            group.take(item)
        except Refusal as refusal:
            self.refused.add(item.name)
            self._gathering.refuse(refusal)
            return
        first = group.first.origin
        message = f"{item.name} stands here again (first in {first}); the lines are taken as one"
        self._gathering.note(
            "input/duplicate-requirement", message, item.origin, hint="keep one line", subject=item.name
        )

    def _count_marker(self, item: PypiRequirement) -> None:
        self._markers[item.name] += 1
        if self._markers[item.name] > limits.CLAUSES:
            message = f"{item.name} stands under more than {limits.CLAUSES} markers"
            raise Refusal("input/too-many", message, item.origin)


class _Group:
    """The lines of one name and marker; made into one requirement once, when all have been seen."""

    def __init__(self, first: PypiRequirement) -> None:
        self.first = first
        self._specifier = first.specifier
        self._extras = set(first.extras)
        self._hashes = dict.fromkeys(first.hashes)
        self._lines = 1

    @property
    def folded(self) -> PypiRequirement:
        if self._lines == 1:
            return self.first
        return replace(
            self.first,
            specifier=self._specifier,
            extras=tuple(sorted(self._extras)),
            hashes=tuple(self._hashes),
        )

    def take(self, item: PypiRequirement) -> None:
        """Unite a further line with the ones before it. Raises Refusal."""
        specifier = united(self._specifier, item.specifier)
        name, first = self.first.name, self.first.origin
        if specifier is None:
            raise Refusal(
                "input/conflicting-requirement",
                f"{name}{item.specifier} contradicts {name}{self._specifier} ({first})",
                item.origin,
                hint="keep one of the two lines",
            )
        if specifier.count(",") >= limits.CLAUSES:
            message = f"{name} has more than {limits.CLAUSES} version clauses"
            raise Refusal("input/too-many", message, item.origin)
        if len(self._extras.union(item.extras)) > limits.EXTRAS:
            raise Refusal("input/too-many", f"{name} has more than {limits.EXTRAS} extras", item.origin)
        self._specifier = specifier
        self._extras.update(item.extras)
        self._hashes.update(dict.fromkeys(item.hashes))
        self._lines += 1


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
