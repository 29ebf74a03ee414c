"""What a model asks for: the data between parse and resolve.

Everything here is text as it was written, with its place; nothing is evaluated, expanded or normalised
except package names (PEP 503), which are ASCII by the time they get here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType

from envbuilder.findings import Change, Finding, Origin

if TYPE_CHECKING:
    import datetime

    from envbuilder.redact import SafeUrl

PypiName = NewType("PypiName", str)
"""A distribution's name, ASCII, normalised by PEP 503."""

CondaName = NewType("CondaName", str)
"""A conda package's name: ASCII, lower case; ``-`` and ``_`` differ."""

SEED_NAMES = (PypiName("pip"), PypiName("setuptools"), PypiName("wheel"))
"""What every environment had without being asked; it belongs to the lock (models need pkg_resources)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PypiRequirement:
    """A requirement on a distribution of the index (PEP 508), without direct references."""

    name: PypiName
    specifier: str = ""
    """The version specifiers without spaces around them, e.g. ``==1.0`` or ``>=1,<2``; empty for any.

    ``=1.0`` is conda's single equals sign where pip's belongs (``werkzeug=3.0.3`` in a ``pip:`` list): no
    specifier by PEP 440, kept as written for the rewriter to mend.
    """
    extras: tuple[str, ...] = ()
    marker: str = ""
    hashes: tuple[str, ...] = ()
    """``sha256:…`` as given by ``--hash``."""
    origin: Origin
    primary: bool = True
    """False where the deciding file does not name this package and another file of the model does."""

    @property
    def pinned(self) -> str | None:
        """The version if the specifier is one exact pin (``==`` without a wildcard, or ``===``)."""
        text = self.specifier
        if "," in text or not text.startswith("==") or text.endswith(".*"):
            return None
        return text.lstrip("=").strip()

    @property
    def text(self) -> str:
        """The requirement as PEP 508 text, in one canonical form."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{self.specifier}{marker}"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaRequirement:
    """A conda match specification, read into its parts (conda's MatchSpec grammar)."""

    name: CondaName
    version: str = ""
    """The version constraint in conda's own grammar: ``=1.19`` (that release or any below it, ``1.19.*``),
    ``==1.2``, ``>=1,<2``; empty for any."""
    build: str = ""
    channel: str = ""
    """The channel in ``channel::name`` or ``[channel=…]``, without subdir; empty if none."""
    subdir: str = ""
    brackets: tuple[tuple[str, str], ...] = ()
    """Other ``[key=value]`` parts (md5, sha256, build_number, …), sorted."""
    text: str
    """The whole item exactly as written, but for credentials, which are masked."""
    origin: Origin


class ReferenceKind(enum.Enum):
    """What a direct reference points at."""

    ARCHIVE = "url"
    VCS = "vcs"
    PATH = "local"
    EDITABLE = "editable"


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectReference:
    """A requirement by URL, version control, path or ``-e``: refused unless the policy opens it."""

    name: PypiName | None
    kind: ReferenceKind
    url: SafeUrl
    """For PATH the path as written, relative to the model."""
    digest: str = ""
    """``sha256:…`` of a URL fragment or ``--hash``, or of the model's own wheel as read; empty if none."""
    marker: str = ""
    extras: tuple[str, ...] = ()
    path: str = ""
    """The file or folder of the model that is meant, relative to its root; empty for what is elsewhere.

    ``.`` is the model itself.
    """
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """An option met in a file (``--index-url`` …): data to report, never acted on by itself."""

    name: str
    value: str
    """Masked where it is a URL with credentials."""
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel as the model names it. ``text`` is safe to show (credentials masked)."""

    text: str
    origin: Origin | None = None
    """None for the channel that is implied by a missing ``channels`` key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonRequest:
    """A wish for a Python, from one file: ``3.8.8``, ``3.8``, or a constraint such as ``>=3.8,<3.10``."""

    text: str
    """The version or constraint as written, without the word python and without a conda build."""
    build: str = ""
    """The conda build that a conda file names; a lock takes any of the version (envbuilder.rewriter)."""
    origin: Origin

    @property
    def version(self) -> tuple[int, ...] | None:
        """(3, 8, 8) or (3, 8) where the text is one version (also ``3.8.*``, ``==3.8.8``), else None."""
        text = self.text.lstrip("=").removesuffix(".*")
        parts = text.split(".")
        if all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts) and 0 < len(parts) < 4:
            return tuple(int(part) for part in parts)
        return None

    @property
    def minor(self) -> tuple[int, int] | None:
        """(3, 8) where the text is one version with at least a minor number, else None."""
        version = self.version
        return (version[0], version[1]) if version and len(version) > 1 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Flavor:
    """A flavor of the MLmodel file (``sklearn``, ``python_function`` …) and what it says of itself."""

    name: str
    loader_module: str = ""
    library_version: str = ""
    """Its ``…_version`` key, e.g. ``sklearn_version``; empty if there is none."""
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """A file of the model as it was read, once: later stages use these bytes, never the path again."""

    path: str
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where a spec comes from. ``created`` is aware and in UTC, None if absent or garbage."""

    model: str
    mlflow_version: str | None = None
    created: datetime.datetime | None = None
    run_id: str | None = None
    model_uuid: str | None = None
    files: tuple[SourceFile, ...] = ()
    absent: tuple[str, ...] = ()
    """Paths that were looked for and are not there; if one appears, the model has to be read again."""

    def file(self, path: str) -> SourceFile | None:
        """Return the file of that path relative to the model, if it was read."""
        return next((f for f in self.files if f.path == path), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvSpec:
    """All that a model's files ask for, joined by one documented rule (see envbuilder.reader.combine)."""

    python: tuple[PythonRequest, ...]
    """Every file's wish, the deciding one first; empty if no file names a Python."""
    seeds: tuple[PypiRequirement, ...] = ()
    """pip, setuptools, wheel: python_env.yaml's build_dependencies, else the conda file's."""
    pypi: tuple[PypiRequirement, ...] = ()
    constraints: tuple[PypiRequirement, ...] = ()
    conda: tuple[CondaRequirement, ...] = ()
    """The conda dependencies without python, pip, setuptools and wheel."""
    direct: tuple[DirectReference, ...] = ()
    options: tuple[Option, ...] = ()
    channels: tuple[Channel, ...] = ()
    """In order; a conda file without a ``channels`` key has the one implied channel ``defaults``."""
    flavors: tuple[Flavor, ...] = ()
    provenance: Provenance
    findings: tuple[Finding, ...] = ()
    conda_file: str | None = None
    """The path of the conda file that was read, if there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """A spec after rewriting, with what it was before and every change in order."""

    spec: EnvSpec
    original: EnvSpec
    changes: tuple[Change, ...]
    spec_id: str
    """sha256 of the canonical spec; the same for specs that ask for the same."""
