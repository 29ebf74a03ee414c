"""The user's policy: what may be used. Read from ``envbuilder.toml``, never from a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from envbuilder.digests import digest
from envbuilder.findings import Level
from envbuilder.limits import Limits

if TYPE_CHECKING:
    from envbuilder.redact import SafeUrl

Verdict = Literal["deny", "warn", "allow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """``[sources]``: where packages may come from."""

    indexes: tuple[SafeUrl, ...] = ()
    """The indexes to use instead of the host's, in order; the first is the default one."""
    url: Verdict = "deny"
    vcs: Verdict = "deny"
    local: Verdict = "deny"
    editable: Verdict = "deny"


@dataclass(frozen=True, kw_only=True, slots=True)
class Builds:
    """``[builds]``: which source distributions of the index may be built."""

    sdist: Literal["locked", "never"] | tuple[str, ...] = "locked"

    def allows(self, name: str) -> bool:
        """Whether a source distribution of that (normalised) name may be built."""
        return self.sdist == "locked" or (isinstance(self.sdist, tuple) and name in self.sdist)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The whole policy. The default one refuses what a stranger's model should not be able to do."""

    sources: Sources = field(default_factory=Sources)
    builds: Builds = field(default_factory=Builds)
    names: tuple[tuple[str, str], ...] = ()
    """``[names]``: conda package to its name on the index; an empty one drops the package."""
    store: Limits = field(default_factory=Limits)
    """``[store]``: how large the store may grow; the host's own variables go before it."""
    levels: tuple[tuple[str, Level | Literal["allow"]], ...] = ()
    """``[levels]``: finding code to the level that it is reported at; ``allow`` leaves it out. Sorted."""

    @property
    def digest(self) -> str:
        """sha256 of all that can change a report; limits of the store cannot."""
        return digest(repr(replace(self, store=Limits())))

    @property
    def resolution_key(self) -> str:
        """sha256 of what can change a lock; part of a resolution's address in the store."""
        return digest(
            {
                "schema": 1,
                "indexes": [url.stripped for url in self.sources.indexes],
                "open": [self.sources.url, self.sources.vcs, self.sources.local, self.sources.editable],
                "sdist": self.builds.sdist,
                "names": sorted(self.names),
            }
        )


DEFAULT = Policy()
