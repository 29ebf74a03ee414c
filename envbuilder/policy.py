"""The user's policy: what may be used. Read from ``envbuilder.toml``, never from a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from envbuilder.digests import digest
from envbuilder.findings import Level, Origin
from envbuilder.limits import Limits

if TYPE_CHECKING:
    import datetime

    from envbuilder.redact import SafeUrl
    from envbuilder.spec import PypiName

Verdict = Literal["deny", "warn", "allow"]
"""What is denied is an error, what is allowed is still noted; ``[levels]`` has the last word."""


PythonWay = Literal["host", "uv", "conda-forge"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagePattern:
    """The packages that an entry of the policy is about: ``name``, ``name==1.0``, ``name<2``."""

    name: PypiName
    """Normalised by PEP 503; a conda package is compared by its normalised name too."""
    specifier: str = ""
    """PEP 440; empty for every version."""

    def matches(self, name: str, version: str) -> bool:
        """Whether a package is meant. A version that is none by PEP 440 (conda has some) fits no specifier."""
        from packaging.specifiers import SpecifierSet  # loads much, and most policies have no pattern
        from packaging.utils import canonicalize_name
        from packaging.version import InvalidVersion

        if str(canonicalize_name(name)) != self.name:
            return False
        try:
            return SpecifierSet(self.specifier).contains(version, prereleases=True)
        except InvalidVersion:
            return not self.specifier

    def __str__(self) -> str:
        return f"{self.name}{self.specifier}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Channels:
    """``[channels]``: which conda channels a model may name."""

    restricted: Verdict = "deny"
    """Anaconda's licensed channels, by whatever name or URL, and a file that names no channel at all."""
    implicit_defaults: Verdict = "warn"
    """Channels without ``nodefaults``, to which conda adds its own."""
    allow: tuple[str, ...] = ()
    """The only channels that may be left after rewriting, by name or URL; empty for any.

    Rewriting replaces licensed channels whatever this section says: nothing is ever taken from them.
    """
    mirrors: tuple[tuple[str, tuple[SafeUrl, ...]], ...] = ()
    """Where to fetch a channel's packages instead, in order, by the channel's name or URL; sorted.

    Locks keep the channel's own URLs, and a mirror's bytes are checked by the same hashes.
    """

    def mirrors_of(self, channel: str) -> tuple[SafeUrl, ...]:
        """Return the mirrors of a channel, however either of them is spelled; none for most."""
        from envbuilder.channels import canonical  # only for who fetches

        wanted = canonical(channel)
        return next((urls for name, urls in self.mirrors if canonical(name) == wanted), ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Conda:
    """``[conda]``: which models get a conda environment, and for which graphics cards."""

    engine: Literal["auto", "never", "always"] = "auto"
    """``auto``: those that a virtual environment cannot serve. ``never`` refuses ``--engine conda`` too."""
    cuda: str = ""
    """The CUDA version that drivers are to be taken for (``__cuda``); empty for what the host has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pythons:
    """``[python]``: where an interpreter of the host comes from."""

    order: tuple[PythonWay, ...] = ("host", "uv", "conda-forge")
    """The ways to one, gone until one leads to what is wished for; what is not listed is not gone.

    ``host``: all that are here; ``uv``: its downloads; ``conda-forge``: conda packages from there.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """``[pins]``: what weighs how much in a version that is missing, or that no index has."""

    unpinned: Verdict = "warn"
    local_version: Verdict = "warn"
    dummy_package: Verdict = "warn"
    python_end_of_life: Verdict = "warn"


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenseException:
    """``[[licenses.exception]]``: licences that these packages may have, until and including a day."""

    package: PackagePattern
    allow: tuple[str, ...]
    """SPDX leaves (``GPL-2.0-only WITH Classpath-exception-2.0`` is one), beside those of ``[licenses] allow``."""
    reason: str
    until: datetime.date | None = None
    """The last valid day; None for ever."""
    origin: Origin = field(repr=False, compare=False)
    """Where it stands in the policy; where that is says nothing of what it means."""

    def ended(self, today: datetime.date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and self.until < today


@dataclass(frozen=True, kw_only=True, slots=True)
class Clarification:
    """``[[licenses.clarify]]``: what a package's licence is, for as long as its licence file is this one."""

    package: PackagePattern
    expression: str
    """SPDX."""
    path: str
    """The licence file within the distribution's metadata or sources, with forward slashes."""
    sha256: str
    """Of that file, 64 hex digits in lower case."""
    origin: Origin = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Licenses:
    """``[licenses]``: which licences packages may have. What is not allowed is denied."""

    allow: tuple[str, ...] = ()
    """SPDX leaves: an identifier, a ``LicenseRef-…``, or ``ID WITH EXCEPTION``, which is a leaf of its own."""
    unknown: Verdict = "warn"
    ambiguous: Verdict = "warn"
    aliases: tuple[tuple[str, str], ...] = ()
    """Raw evidence (a classifier's last part, a licence field) to the expression that it stands for; sorted."""
    exceptions: tuple[LicenseException, ...] = ()
    clarify: tuple[Clarification, ...] = ()


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

    sdist: Literal["locked", "never"] | tuple[PackagePattern, ...] = "locked"

    @property
    def listed(self) -> tuple[PackagePattern, ...]:
        """The packages of a list; none where all or none may be built."""
        return self.sdist if isinstance(self.sdist, tuple) else ()

    @property
    def key(self) -> str | list[str]:
        """What it says, as text."""
        return self.sdist if isinstance(self.sdist, str) else [str(pattern) for pattern in self.sdist]

    def allows(self, name: str, version: str = "") -> bool:
        """Whether a source distribution may be built; without a version only a bare name allows it."""
        return self.sdist == "locked" or any(pattern.matches(name, version) for pattern in self.listed)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyText:
    """The file that a policy was read from, to point into it (``policyfile.places``)."""

    file: str
    """As it was named, or found."""
    text: str = field(repr=False)
    root: tuple[str, ...] = ()
    """The keys above the policy: ``tool.envbuilder`` of a pyproject.toml."""


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
    asked_levels: tuple[tuple[str, Level | Literal["allow"]], ...] = ()
    """Levels that were asked for on the command line; they go before ``levels``."""
    channels: Channels = field(default_factory=Channels)
    conda: Conda = field(default_factory=Conda)
    python: Pythons = field(default_factory=Pythons)
    pins: Pins = field(default_factory=Pins)
    licenses: Licenses = field(default_factory=Licenses)
    written: PolicyText | None = field(default=None, repr=False, compare=False)
    """None for a policy that was made in Python."""

    @property
    def digest(self) -> str:
        """sha256 of all that can change a report; limits of the store and mirrors cannot."""
        channels = replace(self.channels, mirrors=())
        return digest(repr(replace(self, store=Limits(), channels=channels)))

    @property
    def resolution_key(self) -> str:
        """sha256 of what can change a lock; part of a resolution's address in the store."""
        conda = {} if self.conda == Conda() else {"conda": [self.conda.engine, self.conda.cuda]}
        python = {} if self.python == Pythons() else {"python": self.python.order}
        return digest(
            {
                "schema": 1,
                **conda,
                **python,
                "indexes": [url.stripped for url in self.sources.indexes],
                "open": [self.sources.url, self.sources.vcs, self.sources.local, self.sources.editable],
                "sdist": self.builds.key,
                "names": sorted(self.names),
            }
        )


DEFAULT = Policy()
