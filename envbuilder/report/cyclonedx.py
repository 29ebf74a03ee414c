"""The report as a CycloneDX 1.6 bill of materials (ECMA-424): models, and the packages of their locks.

Its objects are cyclonedx-python-lib's. The same report gives the same document: the serial number is made
of the content, the time is the report's day. Models without a lock are listed with what they ask for, and
the document says that it is incomplete.
"""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseAcknowledgement, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from envbuilder.digests import digest
from envbuilder.redact import visible
from envbuilder.report.licences import words_of
from envbuilder.report.objects import time_text

if TYPE_CHECKING:
    from envbuilder.findings import Finding, Level
    from envbuilder.report.report import ModelReport, PackageReport, Report

_SHOWN = 4000
"""Characters of one value."""
_VERSION = 1024
"""Characters of a version; the standard allows no more."""


def write(report: Report, *, fail_on: Level) -> Iterator[str]:  # noqa: ARG001 - every format's signature
    """Yield the document, in ASCII."""
    document = _document(report)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, digest(document)).urn
    yield from json.JSONEncoder(indent=1).iterencode(document)
    yield "\n"


def _document(report: Report) -> dict[str, Any]:
    contents = _Contents(report)
    bom = Bom(metadata=_metadata(report), components=contents.packages, serial_number=uuid.UUID(int=0))
    if len(report.models) == 1:
        bom.metadata.component = contents.models[0]
    else:
        bom.metadata.component = Component(
            name="models", type=ComponentType.APPLICATION, bom_ref="models",
            description="the models of this report",
        )  # fmt: skip
        bom.components.update(contents.models)
        bom.register_dependency(bom.metadata.component, contents.models)
    for component, needed in contents.needs:
        bom.register_dependency(component, needed)
    document: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    # The library does not know compositions.
    document["compositions"] = _compositions(report, contents)
    return document


def _metadata(report: Report) -> BomMetaData:
    tool = Component(name="envbuilder", version=version("envbuilder"), type=ComponentType.APPLICATION)
    properties = [_property("complete", "true" if report.complete else "false")]
    properties += [_property("policy", report.policy)] if report.policy else []
    properties += [_property("not-read", f"{item.path}: {item.reason}") for item in report.skipped]
    properties += [_finding(finding) for finding in report.policy_findings]
    return BomMetaData(
        timestamp=datetime.datetime.combine(report.today, datetime.time(), datetime.timezone.utc),
        tools=ToolRepository(components=[tool]),
        properties=properties,
    )


class _Contents:
    """The components of a report: a package of several locks is one of them."""

    def __init__(self, report: Report) -> None:
        self._known: dict[str, Component] = {}
        self.unknown: set[str] = set()
        """References of packages whose own requirements are not known."""
        self.models = [_model(model, number) for number, model in enumerate(report.models)]
        self.needs = [pair for pair in self._all_needs(report) if pair[1]]

    @property
    def packages(self) -> list[Component]:
        return list(self._known.values())

    def _all_needs(self, report: Report) -> Iterator[tuple[Component, list[Component]]]:
        """Yield who needs what: a model its requirements, a package what it asks for within the lock."""
        for component, model in zip(self.models, report.models, strict=True):
            own = {(p.ecosystem, p.name): self._package(p) for p in model.packages}
            yield component, [own[p.ecosystem, p.name] for p in model.packages if len(p.chain) < 2]
            for package in model.packages:
                kind, this = package.ecosystem, own[package.ecosystem, package.name]
                yield this, [own[kind, name] for name in package.requires or () if (kind, name) in own]
                for parent in package.chain[-2:-1]:
                    if (kind, parent) in own:
                        yield own[kind, parent], [this]

    def _package(self, package: PackageReport) -> Component:
        purl = _purl(package)
        reference = f"{purl}#{digest([[file.sha256 for file in package.files], package.expression])[:8]}"
        if package.requires is None:
            self.unknown.add(reference)
        if reference not in self._known:
            self._known[reference] = _component(package, purl, reference)
        return self._known[reference]


def _model(model: ModelReport, number: int) -> Component:
    properties = [
        *(_property("mlflow", value) for value in (model.mlflow_version,) if value),
        *(_property("python", value) for value in (model.python,) if value),
        *(_property("created", value) for value in (time_text(model.created),) if value),
        *(_property("channel", channel) for channel in model.channels),
        *(_finding(finding) for finding in model.findings),
    ]
    return Component(
        name=_shown(model.model), type=ComponentType.MACHINE_LEARNING_MODEL, bom_ref=f"model-{number + 1}",
        properties=properties,
    )  # fmt: skip


def _component(package: PackageReport, purl: PackageURL, reference: str) -> Component:
    properties = [_property("license-state", package.state.value)]
    properties += [_property("license-evidence", package.evidence)] if package.evidence else []
    properties += [_property("file", file.filename) for file in package.files]
    return Component(
        name=_shown(package.name), version=_shown(package.version, _VERSION), type=ComponentType.LIBRARY, purl=purl,
        bom_ref=reference, licenses=_licences(package), properties=properties,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256) for file in package.files],
    )  # fmt: skip


def _purl(package: PackageReport) -> PackageURL:
    """Return the package URL. Of conda's the build belongs to it (purl-spec, ``conda``)."""
    qualifiers = {}
    if package.ecosystem == "conda" and package.files:
        stem, dot, kind = package.files[0].filename.removesuffix(".tar.bz2").partition(".conda")
        qualifiers = {"build": stem.rpartition("-")[2], "type": "conda" if dot and not kind else "tar.bz2"}
    return PackageURL(
        type=package.ecosystem,
        name=_shown(package.name),
        version=_shown(package.version, _VERSION),
        qualifiers=qualifiers,
    )


def _licences(package: PackageReport) -> Iterable[License]:
    """Return what is known: an identifier, an expression, or the package's own words as a name."""
    concluded = LicenseAcknowledgement.CONCLUDED if package.concluded else LicenseAcknowledgement.DECLARED
    if package.expression is None:
        words = words_of(package)
        return [DisjunctiveLicense(name=_shown(words), acknowledgement=concluded)] if words else []
    if is_supported_id(package.expression):
        return [DisjunctiveLicense(id=package.expression, acknowledgement=concluded)]
    return [LicenseExpression(_shown(package.expression), acknowledgement=concluded)]


def _finding(finding: Finding) -> Property:
    place = f" {finding.origin}" if finding.origin else ""
    return _property(f"finding:{finding.code}", f"{finding.level.value}{place}: {finding.message}")


def _property(name: str, value: str) -> Property:
    return Property(name=f"envbuilder:{name}", value=_shown(value))


def _shown(text: str, limit: int = _SHOWN) -> str:
    shown = visible(text[:limit])
    return shown if len(text) <= limit and len(shown) <= limit else f"{shown[: limit - 1]}…"


def _compositions(report: Report, contents: _Contents) -> list[dict[str, Any]]:
    """Return of which models the packages are all there, and of which packages it is unknown what they need."""
    told: dict[str, list[str]] = {"complete": [], "incomplete": []}
    for component, model in zip(contents.models, report.models, strict=True):
        told["complete" if model.packages else "incomplete"].append(str(component.bom_ref))
    found: list[dict[str, Any]] = [
        {"aggregate": aggregate, "assemblies": references} for aggregate, references in told.items() if references
    ]  # fmt: skip
    if contents.unknown:
        found.append({"aggregate": "unknown", "dependencies": sorted(contents.unknown)})
    return found
