"""The table of what is right: evidence in PEP 639's order, and what an allow list makes of each expression."""

from __future__ import annotations

import datetime
import time

import pytest

from envbuilder.findings import Level
from envbuilder.licensing.chains import Chain
from envbuilder.licensing.evidence import Evidence, conda_evidence, evidence_of
from envbuilder.licensing.judging import LicenseVerdict, Subject, judge
from envbuilder.licensing.metadata import LONGEST, read_metadata
from envbuilder.licensing.terms import Terms
from envbuilder.policy import Licenses, Policy
from tests.hostile import CASES, _content

HEAD = "Metadata-Version: 2.1\nName: x\nVersion: 1\n"
OSI = "License :: OSI Approved :: "


def evidence(*lines: str) -> Evidence:
    return evidence_of(read_metadata((HEAD + "\n".join(lines) + "\n\nLicense: GPL-3.0-only\n").encode()))


def classifiers(*names: str) -> list[str]:
    return [f"Classifier: {name if name.startswith('License') else OSI + name}" for name in names]


def verdict(found: Evidence, **licenses: object) -> LicenseVerdict:
    policy = Policy(licenses=Licenses(**{"allow": ("MIT", "Apache-2.0"), **licenses}))  # type: ignore[arg-type]
    subject = Subject(name="x", version="1", evidence=found, chain=Chain(names=("x",)))
    return judge(subject, Terms(policy=policy, today=datetime.date(2026, 11, 24)))


@pytest.mark.parametrize(
    ("expression", "state"),
    [
        ("MIT OR GPL-3.0-only", "allowed"),
        ("MIT AND GPL-3.0-only", "denied"),
        ("MIT AND Apache-2.0", "allowed"),
        ("(MIT OR GPL-3.0-only) AND Apache-2.0", "allowed"),
        ("Apache-2.0 WITH LLVM-exception", "denied"),
    ],
)
@pytest.mark.parametrize("field", ["License-Expression", "License", "conda"])
def test_what_an_allow_list_makes_of_expressions(expression: str, state: str, field: str) -> None:
    found = conda_evidence(expression) if field == "conda" else evidence(f"{field}: {expression}")
    judged = verdict(found)
    assert (judged.state, judged.expression) == (state, expression)
    if state == "denied":
        assert judged.finding is not None
        assert (judged.finding.code, judged.finding.level) == ("license/denied", Level.ERROR)
    else:
        assert judged.finding is None


def test_two_classifiers_are_undecided() -> None:
    found = evidence(*classifiers("MIT License", "GNU General Public License v3 (GPLv3)"))
    judged = verdict(found)
    assert judged.state == "ambiguous"
    assert judged.expression is None
    assert judged.finding is not None
    assert judged.finding.code == "license/ambiguous"


@pytest.mark.parametrize(
    ("lines", "kind", "expression"),
    [
        (["License-Expression: MIT", "License: GPL-3.0-only", *classifiers("BSD License")], "expression", "MIT"),
        (["License-Expression: MIT AND", "License: MIT", *classifiers("MIT License")], "parse-error", None),
        (["License-Expression: ", *classifiers("MIT License")], "parse-error", None),
        (["License-Expression: MIT", "License-Expression: ISC"], "parse-error", None),
        (["License: MIT", *classifiers("BSD License")], "field", "MIT"),
        (["License: bsd-3-clause"], "field", "BSD-3-Clause"),
        (["License: MPL-2.0 AND MIT", *classifiers("MIT License")], "field", "MPL-2.0 AND MIT"),
        (["License: UNKNOWN", *classifiers("MIT License")], "classifier", "MIT"),
        (["License: ", *classifiers("MIT License")], "classifier", "MIT"),
        (["License: MIT License", *classifiers("MIT License")], "classifier", "MIT"),
        (["License: BSD", *classifiers("MIT License")], "classifier", "MIT"),
        (classifiers("License :: OSI Approved", "MIT License"), "classifier", "MIT"),
        (classifiers("MIT License", "MIT License"), "classifier", "MIT"),
        (classifiers("Mozilla Public License 2.0 (MPL 2.0)"), "classifier", "MPL-2.0"),
        (classifiers("Python Software Foundation License"), "classifier", "PSF-2.0"),
        (classifiers("GNU General Public License v2 or later (GPLv2+)"), "classifier", "GPL-2.0-or-later"),
        (classifiers("License :: Public Domain"), "classifier", "LicenseRef-Public-Domain"),
        (classifiers("License :: Other/Proprietary License"), "classifier", "LicenseRef-Proprietary"),
        (classifiers("License :: OSI Approved"), "ambiguous", None),
        (classifiers("MIT License", "BSD License"), "ambiguous", None),
        (classifiers("MIT License", "ISC License (ISCL)"), "ambiguous", None),
        (["License: BSD or Apache", *classifiers("BSD License")], "ambiguous", None),
        (classifiers("A Licence of Tomorrow"), "ambiguous", None),
        (["License: MIT License"], "unknown", None),
        (["License: BSD"], "unknown", None),
        (["License: MIT/Apache-2.0"], "unknown", None),
        (["License: mitsubishi"], "unknown", None),
        (["License: UNKNOWN"], "unknown", None),
        (["Classifier: Programming Language :: Python"], "unknown", None),
        ([], "unknown", None),
        (["License: Permission is hereby granted", "        ", "        free of charge", "        to all"], "text", None),
        (["License: " + "Redistribution and use " * 20], "text", None),
    ],
)  # fmt: skip
def test_evidence_in_order(lines: list[str], kind: str, expression: str | None) -> None:
    found = evidence(*lines)
    assert found.kind == kind
    named = getattr(found, "expression", None)
    assert (str(named) if named else None) == expression


@pytest.mark.parametrize(
    "name",
    [
        "Academic Free License (AFL)", "Apache Software License", "Apple Public Source License", "Artistic License",
        "BSD License", "GNU Affero General Public License v3", "GNU Free Documentation License (FDL)",
        "GNU General Public License (GPL)", "GNU General Public License v2 (GPLv2)",
        "GNU General Public License v3 (GPLv3)", "GNU Library or Lesser General Public License (LGPL)",
        "GNU Lesser General Public License v2 (LGPLv2)",
        "GNU Lesser General Public License v2 or later (LGPLv2+)",
        "GNU Lesser General Public License v3 (LGPLv3)",
    ],
)  # fmt: skip
def test_nothing_is_inferred_from_an_ambiguous_classifier(name: str) -> None:
    found = evidence(*classifiers(name))
    judged = verdict(found)
    assert (found.kind, judged.state, judged.expression) == ("ambiguous", "ambiguous", None)
    assert found.raw == name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MIT", "field"), ("BSD-3-Clause AND MIT", "field"), ("LGPL-2.0-or-later WITH exceptions", "unknown"),
        ("Apache 2.0", "unknown"), ("PROPRIETARY", "unknown"), ("", "unknown"), (None, "unknown"),
        ("LicenseRef-NVIDIA", "field"), ("x " * 200, "text"),
    ],
)  # fmt: skip
def test_the_licence_of_a_conda_record_is_judged_by_the_same_rules(text: str | None, kind: str) -> None:
    assert conda_evidence(text).kind == kind


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["group"] == "L"], ids=lambda case: str(case["id"])
)
def test_hostile_metadata_is_reported_in_time(case: dict[str, str]) -> None:
    began = time.process_time()
    found = evidence_of(read_metadata(_content(case)))
    judged = verdict(found)
    assert time.process_time() - began < 1
    assert judged.finding is not None
    assert f"finding:{judged.finding.code}" == case["expect"]
    assert len(judged.finding.message) < 1000


def test_metadata_that_is_too_long_is_no_evidence() -> None:
    content = (HEAD + "License: MIT\nDescription: " + "x" * LONGEST + "\n").encode()
    assert evidence_of(read_metadata(content)).kind == "parse-error"
