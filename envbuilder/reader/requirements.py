"""Requirement files and lists of requirement lines, with their includes, as data (pip's file format)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import inner_path
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.reader.lines import Line, logical_lines
from envbuilder.reader.pep508 import checked_marker, malformed, name_of, requirement, split_extras
from envbuilder.reader.pipoptions import Met, Sort, hash_of, read_options, report_option
from envbuilder.reader.reading import Reading
from envbuilder.reader.references import Reference, looks_like_reference, read_reference, report_expansion
from envbuilder.redact import excerpt
from envbuilder.spec import DirectReference, Option, PypiName, PypiRequirement

_REMOTE = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a requirements file, or a list of its lines, asks for, in order; duplicates included."""

    requirements: tuple[PypiRequirement, ...] = ()
    constraints: tuple[PypiRequirement, ...] = ()
    direct: tuple[DirectReference, ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(kw_only=True, slots=True)
class _Collected:
    requirements: list[PypiRequirement] = field(default_factory=list)
    constraints: list[PypiRequirement] = field(default_factory=list)
    direct: list[DirectReference] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)

    def wanted(self) -> Wanted:
        return Wanted(
            requirements=tuple(self.requirements),
            constraints=tuple(dict.fromkeys(self.constraints)),
            direct=tuple(self.direct),
            options=tuple(self.options),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a line stands: its file, the files that led to it, and whether they only constrain."""

    chain: tuple[str, ...]
    constraint: bool = False
    lenient: bool = False
    """Whether a missing include is only a warning."""

    @property
    def base(self) -> str:
        return posixpath.dirname(self.chain[-1])

    def inside(self, path: str, *, constraint: bool) -> _Place:
        return _Place(chain=(*self.chain, path), constraint=self.constraint or constraint)


def read_file(path: str, reading: Reading) -> Wanted:
    """Read a requirements file. Raises Missing, or Refusal for the file as a whole; lines are gathered."""
    reader = _Reader(reading)
    reader.file(path, _Place(chain=(path,)), None)
    return reader.collected.wanted()


def read_lines(lines: Iterable[Line], file: str, reading: Reading, *, lenient: bool = False) -> Wanted:
    """Read a list of lines (a ``pip:`` list, ``build_dependencies``) that stands in ``file``.

    ``lenient``: an include of a file that is not there is a warning, not a refusal.
    """
    reader = _Reader(reading)
    reader.lines(lines, _Place(chain=(file,), lenient=lenient))
    return reader.collected.wanted()


class _Reader:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.collected = _Collected()

    def file(self, path: str, place: _Place, origin: Origin | None) -> None:
        text = self._reading.text(path, origin)
        self.lines(logical_lines(text, path), place)

    def lines(self, lines: Iterable[Line], place: _Place) -> None:
        refusals = 0
        for line in lines:
            try:
                self._line(line, place)
            except Refusal as refusal:  # noqa: PERF203 - each line may fail on its own
                self._reading.gathering.refuse(refusal)
                refusals += 1
                if refusals >= limits.REFUSALS_PER_FILE or refusal.code == "input/too-many":
                    return

    def _line(self, line: Line, place: _Place) -> None:
        report_expansion(line.text, self._reading, line.origin)
        if len(line.text) > limits.LOGICAL_LINE_CHARACTERS:
            raise Refusal("input/too-long", f"a line of {len(line.text)} characters", line.origin)
        if line.text.startswith("-"):
            for met in read_options(line.text, line.origin):
                self._reading.count_requirement(line.origin)
                self._option(met, line.origin, place)
            return
        self._reading.count_requirement(line.origin)
        wish, options = _split_options(line.text)
        self._reading.count_characters(len(wish), line.origin)
        self._requirement(wish, options, line.origin, place)

    def _option(self, met: Met, origin: Origin, place: _Place) -> None:
        match met.sort:
            case Sort.INCLUDE | Sort.CONSTRAINT:
                self._include(met, origin, place)
            case Sort.EDITABLE:
                self._editable(met.value, origin, place)
            case Sort.HASH:
                raise malformed(met.value, "a hash without a requirement", origin)
            case _:
                self.collected.options.append(report_option(met, self._reading, origin))

    def _editable(self, value: str, origin: Origin, place: _Place) -> None:
        target, _, marker = value.partition(" ;")
        marker = checked_marker(marker.strip(), origin) if marker else ""
        name: PypiName | None = None
        if not looks_like_reference(target) and "@" in target:
            name, rest = name_of(target, origin)
            extras, rest = split_extras(rest, origin)
            target = rest.removeprefix("@").strip()
        else:
            target, extras = _split_extras_behind(target, origin)
        reference = Reference(
            target=target,
            name=name,
            editable=True,
            marker=marker,
            extras=extras,
            base=place.base,
            origin=origin,
        )
        self.collected.direct.append(read_reference(reference, self._reading))

    def _include(self, met: Met, origin: Origin, place: _Place) -> None:
        if _REMOTE.match(met.value):
            message = f"{met.name} {excerpt(met.value)} would fetch a part of the model from elsewhere"
            raise Refusal("input/remote-include", message, origin, hint="put the file into the model")
        path = inner_path(met.value.removeprefix("file:"), origin, base=place.base)
        if path in place.chain:
            message = f"{excerpt(path)} includes itself"
            raise Refusal("input/include-cycle", message, origin, hint="remove the include")
        self._reading.count_include(origin)
        self._reading.gathering.note(
            "input/include", f"{excerpt(path)} is read too", origin, subject=excerpt(path)
        )
        try:
            self.file(path, place.inside(path, constraint=met.sort is Sort.CONSTRAINT), origin)
        except Missing as missing:
            if not place.lenient:
                raise
            self._reading.gathering.warn(missing.code, missing.message, origin)

    def _requirement(self, wish: str, options: str, origin: Origin, place: _Place) -> None:
        if looks_like_reference(wish):
            target, marker = _split_marker(wish)
            target, extras = _split_extras_behind(target, origin)
            located = Reference(target=target, marker=marker, extras=extras, base=place.base, origin=origin)
            self._direct(located, options)
            return
        name, rest = name_of(wish, origin)
        extras, rest = split_extras(rest, origin)
        if rest.startswith("@"):
            target, marker = _split_marker(rest[1:].strip())
            reference = Reference(
                target=target, name=name, marker=marker, extras=extras, base=place.base, origin=origin
            )
            self._direct(reference, options)
            return
        plain = requirement(name, extras, rest, origin)
        self._report_single_equals(plain)
        kept = replace(plain, hashes=self._line_options(options, origin))
        (self.collected.constraints if place.constraint else self.collected.requirements).append(kept)

    def _report_single_equals(self, plain: PypiRequirement) -> None:
        if plain.specifier.startswith("=") and not plain.specifier.startswith("=="):
            message = f"{excerpt(plain.text)!r}: a single = is conda's; pip refuses it"
            hint = f"write {plain.name}={plain.specifier}"
            self._reading.gathering.warn(
                "input/malformed-requirement", message, plain.origin, hint=hint, subject=plain.name
            )

    def _direct(self, reference: Reference, options: str) -> None:
        if reference.marker:
            checked_marker(reference.marker, reference.origin)
        found = read_reference(reference, self._reading)
        hashes = self._line_options(options, reference.origin)
        given = next((h for h in hashes if h.startswith("sha256:")), "")
        self.collected.direct.append(replace(found, digest=found.digest or given))

    def _line_options(self, options: str, origin: Origin) -> tuple[str, ...]:
        """The hashes among the options of a requirement's own line; the others are reported."""
        hashes: dict[str, None] = {}
        for met in read_options(options, origin) if options else ():
            if met.sort is Sort.HASH:
                found = hash_of(met, self._reading, origin)
                if found:
                    hashes[found] = None
            elif met.sort in {Sort.INCLUDE, Sort.CONSTRAINT, Sort.EDITABLE}:
                raise malformed(met.name, "it stands behind a requirement, where readers differ", origin)
            else:
                self._reading.count_requirement(origin)
                self.collected.options.append(report_option(met, self._reading, origin))
        return tuple(hashes)


def _split_options(text: str) -> tuple[str, str]:
    """Split a line where pip does: before the first word that begins with a dash."""
    found = re.search(r"\s-", text)
    return (text[: found.start()].strip(), text[found.start() :].strip()) if found else (text, "")


def _split_marker(text: str) -> tuple[str, str]:
    found = re.search(r"\s;|;\s", text)
    return (text[: found.start()].strip(), text[found.end() :].strip()) if found else (text, "")


def _split_extras_behind(target: str, origin: Origin) -> tuple[str, tuple[str, ...]]:
    """Take ``[extras]`` off the end of a path or URL without a name before it."""
    found = re.search(r"\[[A-Za-z0-9._,\s-]*\]$", target)
    return (target[: found.start()], split_extras(found[0], origin)[0]) if found else (target, ())
