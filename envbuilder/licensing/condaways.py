"""Which line of the model pulled a conda package in: by what the channels say that packages need."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from envbuilder.licensing.chains import Chain, Ways
from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.lock import CondaPackage, Lock
    from envbuilder.spec import EnvSpec


def conda_ways_of(lock: Lock, spec: EnvSpec) -> Ways:
    """Return a chain for every conda package of a lock, and what each needs: breadth first, the lines in order."""
    needs = {str(package.name): _needs(package) for package in lock.conda}
    chains: dict[str, Chain] = {}
    queue: deque[tuple[str, Chain]] = deque(_asked(spec))
    while queue:
        name, chain = queue.popleft()
        if name not in needs or name in chains:
            continue
        chains[name] = chain
        queue += [(other, Chain(names=(*chain.names, other), origin=chain.origin)) for other in needs[name]]
    for name in needs.keys() - chains.keys():
        chains[name] = Chain(names=(name,))
    requires = {
        name: tuple(sorted(other for other in others if other in needs)) for name, others in needs.items()
    }
    return Ways(chains=chains, requires=requires)


def _needs(package: CondaPackage) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.split(maxsplit=1)[0] for item in package.depends if item.strip()))


def _asked(spec: EnvSpec) -> Iterator[tuple[str, Chain]]:
    """What the model's files ask of conda; Python, pip and their like come last: much needs them anyway."""
    for item in spec.conda:
        yield item.name, Chain(names=(item.text,), origin=item.origin)
    wish = next(iter(spec.python), None)
    text = f"python {wish.text}" if wish else "python"
    yield "python", Chain(names=(text,), origin=wish.origin if wish else None)
    for seed in spec.seeds:
        yield seed.name, Chain(names=(seed.text,), origin=seed.origin)
    for name in SEED_NAMES:
        yield name, Chain(names=(name,))
