"""One try at a solution: everything that decides what is asked of the channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.matchtext import pin_text, spec_text
from envbuilder.conda.questions import CondaQuestion
from envbuilder.conda.wanted import Pin
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    import datetime

    from envbuilder.conda.questions import Source, VirtualPackage
    from envbuilder.conda.wanted import WantedPython
    from envbuilder.findings import Change
    from envbuilder.spec import CondaRequirement, PypiRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What is asked; the steps on the way make one attempt from another."""

    python: WantedPython
    requirements: tuple[CondaRequirement, ...]
    seeds: tuple[PypiRequirement, ...] = ()
    """pip, setuptools and wheel, where the pip side does not name them itself; the channels bring them."""
    pins: tuple[Pin, ...] = ()
    """What the pip side says of packages that may be chosen."""
    further: tuple[str, ...] = ()
    """More constraints: what the pip side turned out to need."""
    sources: tuple[Source, ...]
    platform: str
    virtual: tuple[VirtualPackage, ...]
    cutoff: datetime.datetime | None = None
    exempt: tuple[CondaName, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def question(self) -> CondaQuestion:
        """What the channels are asked."""
        return CondaQuestion(
            specs=(self.python.spec, *map(spec_text, self.requirements), *map(seed_spec, self.seeds)),
            constraints=(*(pin.spec for pin in self.pins), *self.further),
            sources=self.sources,
            platform=self.platform,
            virtual=self.virtual,
            cutoff=self.cutoff,
            exempt=self.exempt,
        )

    def changed(self, *changes: Change) -> Attempt:
        """Return the same with these changes recorded."""
        return replace(self, changes=(*self.changes, *changes))


def seed_spec(seed: PypiRequirement) -> str:
    """Return a seed as a match specification."""
    return pin_text(CondaName(seed.name), seed.specifier)
