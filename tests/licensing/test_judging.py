"""The policy's word on evidence: clarifications, aliases, exceptions, levels; and what findings say."""

from __future__ import annotations

import datetime

import pytest

from envbuilder.findings import Level, Origin
from envbuilder.licensing.chains import Chain
from envbuilder.licensing.evidence import Evidence, evidence_of
from envbuilder.licensing.judging import LicenseVerdict, Subject, judge
from envbuilder.licensing.metadata import Metadata
from envbuilder.licensing.terms import Terms
from envbuilder.policy import Clarification, LicenseException, Licenses, PackagePattern, Policy
from envbuilder.spec import PypiName

TODAY = datetime.date(2026, 11, 24)
LINE = Origin(file="requirements.txt", line=3)
TEXT = "ab" * 32
BSD = ("License :: OSI Approved :: BSD License",)
APACHE = ("License :: OSI Approved :: Apache Software License",)


def says(
    *, expression: str | None = None, field: str | None = None, classifiers: tuple[str, ...] = ()
) -> Evidence:
    expressions = () if expression is None else (expression,)
    licenses = () if field is None else (field,)
    return evidence_of(Metadata(expressions=expressions, licenses=licenses, classifiers=classifiers))


def judged(
    evidence: Evidence,
    licenses: Licenses,
    *,
    version: str = "1.0",
    chain: tuple[str, ...] = ("x",),
    digests: dict[str, str] | None = None,
    origin: Origin | None = LINE,
) -> LicenseVerdict:
    subject = Subject(
        name="x",
        version=version,
        evidence=evidence,
        chain=Chain(names=chain, origin=origin),
        digests=digests or {},
    )
    return judge(subject, Terms(policy=Policy(licenses=licenses), today=TODAY))


def pattern(specifier: str = "") -> PackagePattern:
    return PackagePattern(name=PypiName("x"), specifier=specifier)


def clarified(sha256: str = TEXT, expression: str = "MIT") -> Clarification:
    return Clarification(
        package=pattern(), expression=expression, path="LICENSE", sha256=sha256, origin=Origin(file="p")
    )


def excepted(*allow: str, until: datetime.date | None = None, specifier: str = "") -> LicenseException:
    return LicenseException(
        package=pattern(specifier), allow=allow, reason="r", until=until, origin=Origin(file="p")
    )


def message(verdict: LicenseVerdict) -> str:
    assert verdict.finding is not None
    return verdict.finding.message


def test_a_finding_points_at_the_line_that_asked_and_names_the_way() -> None:
    verdict = judged(
        says(expression="MIT AND GPL-3.0-only"),
        Licenses(allow=("MIT",)),
        chain=("mlflow==2.9.2", "alembic", "x"),
    )
    finding = verdict.finding
    assert finding is not None
    assert finding.message == (
        "x 1.0 is under MIT AND GPL-3.0-only, and GPL-3.0-only is not allowed; "
        "needed by mlflow==2.9.2 -> alembic -> x"
    )
    assert finding.hint == "allow GPL-3.0-only in [licenses], make an exception for x, or replace it"
    assert (finding.code, finding.level, finding.origin, finding.subject) == (
        "license/denied", Level.ERROR, LINE, "x",
    )  # fmt: skip
    assert verdict.chain == ("mlflow==2.9.2", "alembic", "x")


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (says(expression="GPL-3.0-only"), "x 1.0 is under GPL-3.0-only, which is not allowed"),
        (
            says(expression="GPL-3.0-only OR ISC"),
            "x 1.0 is under GPL-3.0-only OR ISC, and GPL-3.0-only and ISC are not allowed",
        ),
        (
            says(expression="Foo-1.0"),
            "x 1.0 is under Foo-1.0, which is not allowed (SPDX has no Foo-1.0)",
        ),
        (says(classifiers=BSD), "x 1.0 says `BSD License`, which may be one of several licences"),
        (
            says(field="BSD-ish", classifiers=BSD),
            "x 1.0 says `BSD License` and `BSD-ish`, which may be one of several licences",
        ),
        (
            says(classifiers=BSD + APACHE),
            "x 1.0 says `BSD License, Apache Software License`, and whether all or any of them apply is not said",
        ),
        (says(), "x 1.0 says nothing of its licence"),
        (says(field="Dual License"), "x 1.0 says only `Dual License`"),
        (
            says(field="Permission is hereby granted. " * 20),
            ("x 1.0 gives a licence's text where its name belongs: "
            "`Permission is hereby granted. Permission is hereby granted.…`"),
        ),
        (
            says(expression="MIT AND"),
            ("x 1.0 has no readable licence expression (`MIT AND`): "
            "its words, operators and parentheses do not fit together"),
        ),
    ],
)  # fmt: skip
def test_messages(evidence: Evidence, text: str) -> None:
    assert message(judged(evidence, Licenses(allow=("MIT",)))) == text


def test_without_an_allow_list_licences_are_listed_and_only_what_is_unclear_is_told() -> None:
    verdict = judged(says(expression="GPL-3.0-only"), Licenses())
    assert (verdict.state, verdict.expression, verdict.finding) == ("listed", "GPL-3.0-only", None)
    unclear = judged(says(classifiers=BSD), Licenses())
    assert unclear.state == "ambiguous"
    assert unclear.finding is not None


def test_a_classifier_that_names_no_licence_is_told_until_the_policy_decides() -> None:
    evidence = says(classifiers=("License :: Other/Proprietary License",))
    listed = judged(evidence, Licenses())
    assert (listed.state, listed.expression) == ("listed", "LicenseRef-Proprietary")
    assert listed.finding is not None
    assert (listed.finding.code, listed.finding.level) == ("license/unknown", Level.WARNING)
    assert judged(evidence, Licenses(allow=("MIT",))).state == "denied"
    allowed = judged(evidence, Licenses(allow=("LicenseRef-Proprietary",)))
    assert (allowed.state, allowed.finding) == ("allowed", None)


@pytest.mark.parametrize(
    ("word", "level"), [("deny", Level.ERROR), ("warn", Level.WARNING), ("allow", Level.NOTE)]
)
def test_the_policy_says_how_much_weighs_what_is_unclear(word: str, level: Level) -> None:
    licenses = Licenses(allow=("MIT",), unknown=word, ambiguous="warn")  # type: ignore[arg-type]
    for evidence in (says(), says(field="text " * 100), says(expression="MIT AND")):
        finding = judged(evidence, licenses).finding
        assert finding is not None
        assert finding.level is level
    licenses = Licenses(allow=("MIT",), unknown="warn", ambiguous=word)  # type: ignore[arg-type]
    finding = judged(says(classifiers=BSD), licenses).finding
    assert finding is not None
    assert finding.level is level


@pytest.mark.parametrize("alias", ["BSD License", "bsd  license", "License :: OSI Approved :: BSD License"])
def test_an_alias_settles_an_ambiguous_classifier(alias: str) -> None:
    licenses = Licenses(allow=("BSD-3-Clause",), aliases=((alias, "BSD-3-Clause OR BSD-2-Clause"),))
    verdict = judged(says(classifiers=BSD), licenses)
    assert (verdict.state, verdict.expression, verdict.concluded) == (
        "allowed", "BSD-3-Clause OR BSD-2-Clause", True,
    )  # fmt: skip
    assert ("licenses", "aliases", alias) in verdict.matched
    assert ("licenses", "allow", 0) in verdict.matched


def test_an_alias_settles_free_text() -> None:
    licenses = Licenses(allow=("Apache-2.0",), aliases=(("Apache License, Version 2.0", "Apache-2.0"),))
    assert judged(says(field="Apache License,\n   Version 2.0"), licenses).state == "allowed"
    assert judged(says(field="Apache License, Version 2.0", classifiers=BSD), licenses).state == "allowed"
    assert judged(says(field="Apache License, Version 2.0.1"), licenses).state == "unknown"


@pytest.mark.parametrize(
    ("evidence", "hint"),
    [
        (
            says(classifiers=BSD),
            'say what "BSD License" means in [licenses.aliases], or clarify x in the policy',
        ),
        (says(field="odd"), 'say what "odd" means in [licenses.aliases], or clarify x in the policy'),
        (says(classifiers=BSD + APACHE), "clarify x in the policy"),
        (
            says(field="Dual License", classifiers=BSD + APACHE),
            'say what "Dual License" means in [licenses.aliases], or clarify x in the policy',
        ),
        (says(), "clarify x in the policy"),
    ],
)
def test_a_hint_names_the_words_that_an_alias_would_settle(evidence: Evidence, hint: str) -> None:
    finding = judged(evidence, Licenses(allow=("MIT",))).finding
    assert finding is not None
    assert finding.hint == hint


def test_an_alias_of_one_of_several_classifiers_settles_nothing() -> None:
    licenses = Licenses(allow=("MIT",), aliases=(("BSD License", "MIT"),))
    verdict = judged(says(classifiers=BSD + APACHE), licenses)
    assert (verdict.state, verdict.matched) == ("ambiguous", frozenset())


def test_an_alias_never_overrules_what_is_clear() -> None:
    licenses = Licenses(allow=("ISC",), aliases=(("MIT", "ISC"), ("MIT License", "ISC")))
    assert judged(says(expression="MIT"), licenses).state == "denied"
    assert judged(says(classifiers=("License :: OSI Approved :: MIT License",)), licenses).state == "denied"


def test_a_clarification_goes_before_all_evidence() -> None:
    licenses = Licenses(allow=("MIT",), clarify=(clarified(),))
    for evidence in (says(expression="GPL-3.0-only"), says(), says(expression="MIT AND")):
        verdict = judged(evidence, licenses, digests={"LICENSE": TEXT})
        assert (verdict.state, verdict.expression, verdict.concluded) == ("allowed", "MIT", True)
        assert ("licenses", "clarify", 0) in verdict.matched


@pytest.mark.parametrize("digest", ["cd" * 32, "", None])
def test_a_clarification_of_another_text_says_nothing_and_is_told(digest: str | None) -> None:
    licenses = Licenses(allow=("MIT",), clarify=(clarified(),))
    digests = {} if digest is None else {"LICENSE": digest}
    verdict = judged(says(expression="GPL-3.0-only"), licenses, digests=digests)
    assert verdict.state == "denied"
    assert [(finding.code, finding.origin) for finding in verdict.stale] == [
        ("policy/stale-entry", clarified().origin)
    ]
    assert verdict.expression == "GPL-3.0-only"
    assert not verdict.concluded


def test_the_clarification_of_the_text_that_is_there_counts() -> None:
    licenses = Licenses(allow=("MIT",), clarify=(clarified("cd" * 32, "GPL-3.0-only"), clarified()))
    verdict = judged(says(), licenses, digests={"LICENSE": TEXT})
    assert (verdict.state, verdict.expression) == ("allowed", "MIT")


def test_an_exception_allows_more_for_its_package_alone() -> None:
    licenses = Licenses(allow=("MIT",), exceptions=(excepted("LGPL-3.0", specifier="<2"),))
    evidence = says(expression="LGPL-3.0-only")
    verdict = judged(evidence, licenses)
    assert verdict.state == "allowed"
    assert ("licenses", "exception", 0) in verdict.matched
    other = judged(evidence, licenses, version="2.0")
    assert (other.state, other.matched) == ("denied", frozenset())


@pytest.mark.parametrize(("days", "state"), [(1, "allowed"), (0, "allowed"), (-1, "denied")])
def test_an_exception_holds_to_the_end_of_its_last_day(days: int, state: str) -> None:
    until = TODAY + datetime.timedelta(days=days)
    licenses = Licenses(allow=("MIT",), exceptions=(excepted("ISC", until=until),))
    assert judged(says(expression="ISC"), licenses).state == state


def test_an_allow_list_may_use_old_names_and_pairs() -> None:
    licenses = Licenses(allow=("GPL-2.0", "apache-2.0 WITH llvm-exception"))
    assert judged(says(expression="GPL-2.0-only"), licenses).state == "allowed"
    assert judged(says(expression="Apache-2.0 WITH LLVM-exception"), licenses).state == "allowed"
    assert judged(says(expression="Apache-2.0"), licenses).state == "denied"


def test_what_a_package_says_cannot_flood_or_forge_a_report() -> None:
    evil = "x\x1b[31m\u202e" + "y" * 5000
    for evidence in (
        says(field=evil[:150]),
        says(expression=evil),
        says(classifiers=(f"License :: {evil}",)),
    ):
        finding = judged(evidence, Licenses(allow=("MIT",)), chain=(evil, "x")).finding
        assert finding is not None
        assert len(finding.message) < 1200
        assert "\x1b" not in finding.message
        assert "\u202e" not in finding.message
