"""Requirements that no index can serve as they are written, and what was meant by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.reader.folding import same_marker, united
from envbuilder.rewriter.channels import DUPLICATE
from envbuilder.rewriter.names import normalised, standard_library
from envbuilder.spec import EnvSpec, PypiName, PypiRequirement

SINGLE_EQUALS = "rewrite/single-equals"
DUMMY = "pin/dummy-package"
LOCAL = "pin/local-version"
STANDARD_LIBRARY = "rewrite/standard-library"

_SKLEARN, _SCIKIT_LEARN = PypiName("sklearn"), PypiName("scikit-learn")
_LABELLED = re.compile(r"(===?[^,+]+)\+[A-Za-z0-9._-]+")
_OLDEST_PYTHON = (3, 5)
"""Taken where the model's Python is a range or unknown: what is old in it is old in all."""

Mend: TypeAlias = Callable[[PypiRequirement], "tuple[str, PypiRequirement | None, str] | None"]
"""From a requirement to its message, what takes its place (None for nothing) and the code, if it breaks."""


def _mended(spec: EnvSpec, mend: Mend) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Mend every requirement, constraint and seed of a spec."""
    changes: list[Change] = []

    def mend_all(items: tuple[PypiRequirement, ...]) -> tuple[PypiRequirement, ...]:
        kept: list[PypiRequirement] = []
        for item in items:
            found = mend(item)
            if found is None:
                kept.append(item)
                continue
            message, new, code = found
            kept += [new] if new else []
            changes.append(_change(code, message, item, new))
        return tuple(kept)

    pypi, constraints, seeds = mend_all(spec.pypi), mend_all(spec.constraints), mend_all(spec.seeds)
    if not changes:
        return spec, ()
    return replace(spec, pypi=pypi, constraints=constraints, seeds=seeds), tuple(changes)


def _change(code: str, message: str, item: PypiRequirement, new: PypiRequirement | None) -> Change:
    after = new.text if new else ""
    return Change(
        code=code, message=message, effect=Effect.ADAPTED, before=item.text, after=after, origin=item.origin
    )


def double_single_equals(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Read ``werkzeug=3.0.3`` (conda's spelling, which pip refuses) as ``==``."""

    def mend(item: PypiRequirement) -> tuple[str, PypiRequirement, str] | None:
        if not re.match("=[^=]", item.specifier):
            return None
        new = replace(item, specifier=f"={item.specifier}")
        return f"{item.text} is conda's spelling of {new.text}", new, SINGLE_EQUALS

    return _mended(spec, mend)


def name_scikit_learn(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Put scikit-learn in the place of the dummy package ``sklearn``, which only ever depended on it.

    The dummy's own versions (``0.0``) say nothing: then MLmodel's ``sklearn_version`` pins, if there is one.
    """
    named = any(item.name == _SCIKIT_LEARN and not _is_dummy(item) for item in spec.pypi)
    named = named or any(normalised(item.name) == _SCIKIT_LEARN for item in spec.conda)
    logged = next((f.library_version for f in spec.flavors if f.name == "sklearn"), "")

    def mend(item: PypiRequirement) -> tuple[str, PypiRequirement | None, str] | None:
        if not _is_dummy(item):
            return None
        if named:
            return f"{item.text} is a dummy package; {_SCIKIT_LEARN} is named beside it", None, DUMMY
        told = _says_nothing(item.specifier) and released(logged)
        specifier = f"=={logged}" if told else "" if _says_nothing(item.specifier) else item.specifier
        new = replace(item, name=_SCIKIT_LEARN, specifier=specifier, hashes=())
        source = ", the version that MLmodel tells" if told else ""
        return f"{item.text} is a dummy; {new.text} is what it stands for{source}", new, DUMMY

    return _mended(spec, mend)


def _is_dummy(item: PypiRequirement) -> bool:
    return item.name == _SKLEARN or (item.name == _SCIKIT_LEARN and _is_zero(item.specifier))


def _says_nothing(specifier: str) -> bool:
    return not specifier or _is_zero(specifier)


def _is_zero(specifier: str) -> bool:
    """Whether a specifier names the dummy's versions: ``==0.0``, ``>=0.0.post1``."""
    return re.fullmatch(r"(===?|>=|~=)0(\.0)*(\.?post\d+)?(\.\*)?", specifier) is not None


def released(version: str) -> bool:
    """Whether a text is a version that an index may have: PEP 440, no development release."""
    try:
        return not Version(version).is_devrelease
    except InvalidVersion:
        return False


def drop_local_labels(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Drop labels such as ``+cu102``: the same release, built for an index that the model cannot bring.

    They stay where the policy names several indexes, one of which may have such builds.
    """
    if len(policy.sources.indexes) > 1:
        return spec, ()

    def mend(item: PypiRequirement) -> tuple[str, PypiRequirement, str] | None:
        specifier = _LABELLED.sub(r"\1", item.specifier)
        if specifier == item.specifier:
            return None
        # Hashes name files of that other index.
        new = replace(item, specifier=specifier, hashes=())
        return f"{item.text} is on no index that is used; {new.text} is the same release", new, LOCAL

    return _mended(spec, mend)


def drop_backports(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Drop backports of the standard library where they cannot be installed any more.

    Only those: a backport that installs is harmless, since Python finds its own module first.
    """
    minors = [wish.minor for wish in spec.python[:1] if wish.minor]
    python = minors[0] if minors else _OLDEST_PYTHON

    def mend(item: PypiRequirement) -> tuple[str, None, str] | None:
        backport = standard_library().get(item.name)
        if backport is None or python < backport.since or not _within(item, backport.breaks):
            return None
        since = ".".join(map(str, backport.since))
        message = f"{item.text} cannot be installed; Python has had it itself since {since}"
        return message, None, STANDARD_LIBRARY

    return _mended(spec, mend)


def _within(item: PypiRequirement, breaks: str) -> bool:
    if not breaks:
        return True
    try:
        return item.pinned is not None and SpecifierSet(breaks).contains(item.pinned, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def fold_duplicates(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Take lines for one package (in whatever spelling) as one; two that contradict each other both stay."""
    folded: list[PypiRequirement] = []
    places: dict[PypiName, list[int]] = {}
    changes: list[Change] = []
    for item in spec.pypi:
        own = places.setdefault(item.name, [])
        at = next((i for i in own if _alike(folded[i], item)), None)
        specifier = united(folded[at].specifier, item.specifier) if at is not None else None
        if at is None or specifier is None:
            own.append(len(folded))
            folded.append(item)
            continue
        first = folded[at]
        folded[at] = replace(
            first, specifier=specifier, extras=tuple(sorted({*first.extras, *item.extras})),
            hashes=tuple(dict.fromkeys((*first.hashes, *item.hashes))), primary=first.primary or item.primary,
        )  # fmt: skip
        changes.append(
            Change(
                code=DUPLICATE, message=f"{item.text} and {first.text} are taken as {folded[at].text}",
                effect=Effect.NONE, before=item.text, after=folded[at].text, origin=item.origin,
            )
        )  # fmt: skip
    return (replace(spec, pypi=tuple(folded)), tuple(changes)) if changes else (spec, ())


def _alike(first: PypiRequirement, second: PypiRequirement) -> bool:
    return same_marker(first.marker) == same_marker(second.marker)
