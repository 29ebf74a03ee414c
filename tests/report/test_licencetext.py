"""The licences for people: causes before packages, packages by name, one line that settles a whole cause."""

from __future__ import annotations

import datetime
from dataclasses import replace

from envbuilder.findings import Finding, Level, Origin
from envbuilder.report import licencetext
from envbuilder.report.report import LicenseState, ModelReport, PackageReport, Report, Skipped

TODAY = datetime.date(2026, 11, 24)
ALIASES = 'say what "BSD License" means in [licenses.aliases], or clarify it'


def unclear(name: str, version: str = "1.0") -> PackageReport:
    return PackageReport(
        name=name, version=version, state=LicenseState.AMBIGUOUS, evidence="ambiguous: BSD License",
        chain=("app==1", "lib", name),
    )  # fmt: skip


def told(package: PackageReport, hint: str = ALIASES) -> Finding:
    return Finding(
        code="license/ambiguous", level=Level.WARNING, message=f"{package.name} says `BSD License`", hint=hint,
        origin=Origin(file="requirements.txt", line=2, column=1), subject=package.name,
    )  # fmt: skip


def model(name: str, *packages: PackageReport, hint: str = ALIASES) -> ModelReport:
    findings = tuple(told(package, hint) for package in packages)
    return ModelReport(model=name, folder=name, packages=packages, findings=findings)


def text(*models: ModelReport, skipped: tuple[Skipped, ...] = ()) -> str:
    report = Report(models=models, skipped=skipped, today=TODAY)
    return "".join(licencetext.write(report, fail_on=Level.ERROR))


def test_versions_and_models_of_one_package_stand_together() -> None:
    shown = text(*(model(f"m{number}", unclear("lib", f"{number}.0")) for number in range(6)))
    assert (
        "warning[license/ambiguous] BSD License: 1 package\n"
        "  lib 0.0, 1.0, 2.0, 3.0 and 2 more in 6 of 6 models\n"
        "      m0/requirements.txt:2: app==1 -> lib -> lib\n"
        f"  hint: {ALIASES}\n"
    ) in shown


def test_many_packages_of_one_cause_are_counted_and_settled_by_one_line() -> None:
    shown = text(model("m", *(unclear(f"p{number:02}") for number in range(15))))
    assert "BSD License: 15 packages\n" in shown
    assert "  p11 1.0\n" in shown
    assert "p12" not in shown
    assert "  and 3 more\n" in shown
    hint = 'hint: if it always means the same: [licenses.aliases] "BSD License" = "an SPDX expression"'
    assert hint in " ".join(shown.split())


def test_no_alias_is_offered_where_none_would_settle_all() -> None:
    shown = " ".join(text(model("m", unclear("a"), unclear("b"), hint="clarify it")).split())
    assert "if it always means the same" not in shown
    assert "hint: say what the words mean in the policy's [licenses.aliases], or clarify the package" in shown


def test_what_was_not_read_and_the_totals_stand_at_the_end() -> None:
    settled = replace(unclear("b"), state=LicenseState.ALLOWED, expression="BSD-3-Clause", concluded=True)
    found = replace(model("m", unclear("a")), packages=(unclear("a"), settled))
    shown = text(found, skipped=(Skipped(path="c 1.0", reason="cannot fetch it: offline"),))
    assert shown.endswith(
        "not read\n  c 1.0: cannot fetch it: offline\n\n"
        "2 packages by evidence: 2 ambiguous; 1 settled by the policy\n"
        "1 model, 0 errors, 1 warning, 0 notes, not complete: 1 not read\n"
    )


def test_nothing_of_a_package_reaches_a_terminal_as_a_command_and_lines_keep_their_width() -> None:
    evil = "\x1b[31m\u202e::error::" + "w " * 200
    package = replace(unclear("a", "1\x1b[0m"), evidence=f"ambiguous: {evil}", chain=(evil, "a"))
    shown = text(model(f"m{evil}", package))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
