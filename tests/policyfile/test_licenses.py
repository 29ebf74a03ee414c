"""``[licenses]``: what is read, and that nothing half-said is."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from envbuilder.errors import PolicyRefused
from envbuilder.findings import Origin
from envbuilder.policy import Clarification, LicenseException, Licenses, PackagePattern
from envbuilder.policyfile import read_policy
from envbuilder.spec import PypiName

SHA = "0123456789abcdef" * 4
TEXT = f"""\
[licenses]
allow = ["mit", "BSD-3-Clause", "apache-2.0 WITH llvm-exception", "LicenseRef-Ours"]
unknown = "deny"
ambiguous = "allow"

[licenses.aliases]
"BSD License" = "BSD-3-Clause OR bsd-2-clause"
"Apache Software License" = "Apache-2.0"

[[licenses.exception]]
package = "psycopg2_binary < 3"
allow = ["LGPL-3.0-or-later"]
reason = " dynamically linked, LEGAL-231 "
until = 2027-06-30

[[licenses.clarify]]
package = "catboost==1.2"
expression = "Apache-2.0"
license-file = {{ path = "LICENSE", sha256 = "{SHA.upper()}" }}
"""


def read(folder: Path, text: str) -> Licenses:
    path = folder / "envbuilder.toml"
    path.write_text(text, "utf-8")
    return read_policy(path).licenses


def test_all_of_it_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, TEXT)
    file = (tmp_path / "envbuilder.toml").as_posix()
    assert found == Licenses(
        allow=("MIT", "BSD-3-Clause", "Apache-2.0 WITH LLVM-exception", "LicenseRef-Ours"),
        unknown="deny",
        ambiguous="allow",
        aliases=(
            ("Apache Software License", "Apache-2.0"),
            ("BSD License", "BSD-3-Clause OR BSD-2-Clause"),
        ),
        exceptions=(
            LicenseException(
                package=PackagePattern(name=PypiName("psycopg2-binary"), specifier="<3"),
                allow=("LGPL-3.0-or-later",),
                reason="dynamically linked, LEGAL-231",
                until=datetime.date(2027, 6, 30),
                origin=Origin(file=file),
            ),
        ),
        clarify=(
            Clarification(
                package=PackagePattern(name=PypiName("catboost"), specifier="==1.2"),
                expression="Apache-2.0",
                path="LICENSE",
                sha256=SHA,
                origin=Origin(file=file),
            ),
        ),
    )
    assert found.exceptions[0].origin == Origin(file=file, line=10, column=1)
    assert found.clarify[0].origin == Origin(file=file, line=16, column=1)


EXCEPTION = '[[licenses.exception]]\npackage = "a"\nallow = ["MIT"]\nreason = "r"\n'
CLARIFY = f'[[licenses.clarify]]\npackage = "a"\nexpression = "MIT"\nlicense-file = {{path = "L", sha256 = "{SHA}"}}\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[licenses]\nallow = ["MIT OR ISC"]', 2, "licenses.allow[0] has to be one licence"),
        ('[licenses]\nallow = [\n"MIT",\n"Apache 2.0"]', 4, "hint: did you mean Apache-2.0?"),
        ('[licenses]\nallow = ["(MIT)"]', 2, "has to be one licence"),
        ('[licenses]\nallow = [""]', 2, "has to be one licence"),
        ('[licenses]\nallow = ["Best-Licence"]', 2, "https://spdx.org/licenses lists them"),
        ('[licenses]\nunkown = "deny"', 2, "did you mean licenses.unknown?"),
        ('[licenses.aliases]\n"BSD License" = "BSD"', 2, "licenses.aliases.BSD License has to be an SPDX"),
        ("[licenses.aliases]\nx = 3", 2, "has to be an SPDX expression"),
        ("[licenses]\nexception = 3", 2, "has to be a list of tables, each under its own [[licenses.exception]]"),
        (EXCEPTION.replace('reason = "r"\n', ""), 1, "licenses.exception[0] has no reason"),
        (EXCEPTION.replace('"r"', '" "'), 4, "licenses.exception[0].reason has to be why"),
        (EXCEPTION.replace('"a"', '"a<"'), 2, "licenses.exception[0].package has to be a package such as name"),
        (EXCEPTION.replace('package = "a"\n', ""), 1, "licenses.exception[0] has no package"),
        (EXCEPTION.replace('["MIT"]', "[]"), 3, "licenses.exception[0].allow has to be a list of the licences"),
        (EXCEPTION + 'until = "2027-01-01"', 5, "has to be a day, such as 2027-06-30, without quotes"),
        (EXCEPTION + "until = 2027-01-01 10:00:00", 5, "has to be a day"),
        (EXCEPTION + "\n" + EXCEPTION + "untill = 2027-01-01", 10, "did you mean licenses.exception[1].until?"),
        (CLARIFY.replace('"L"', '"/etc/x"'), 4, "has to be a path within the package"),
        (CLARIFY.replace('"L"', '"a/../../x"'), 4, "has to be a path within the package"),
        (CLARIFY.replace(SHA, SHA[1:]), 4, "license-file.sha256 has to be 64 hex digits"),
        (CLARIFY.replace('"MIT"', '"MIT AND"'), 3, "licenses.clarify[0].expression has to be an SPDX expression"),
        (CLARIFY.replace('expression = "MIT"\n', ""), 1, "licenses.clarify[0] has no expression"),
        ('[[licenses.clarify]]\npackage = "a"\nexpression = "MIT"\n', 1, "license-file has no path"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(PolicyRefused) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert line in [finding.origin.line for finding in caught.value.refusals if finding.origin]
