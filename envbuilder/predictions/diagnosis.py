"""From a failure to its causes: one small rule per kind of failure, the first that recognises it decides.

The texts are those of CPython's import and pickle modules, of numpy, scikit-learn and MLflow over their releases.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.findings import Finding, Fix, Level
from envbuilder.predictions import pickles, schemas
from envbuilder.predictions.failure import Failure, error
from envbuilder.predictions.providers import distribution_of, installed_provider
from envbuilder.predictions.versions import disagreements
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.predictions.evidence import Evidence
    from envbuilder.predictions.given import Given

UNREADABLE = "envbuilder_child.documents.Unreadable"
"""The class that the child raises for a file that is not what it should be."""

_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_NO_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")
_OLD_SYSTEM = re.compile(r"version [`'](GLIBC(?:XX)?_[\d.]+)' not found")
_NO_FILE = re.compile(r"No such file or directory: '([^']{1,500})'")


def diagnose(failure: Failure, evidence: Evidence, given: Given) -> tuple[Finding, ...]:
    """Return what was wrong, the cause first; versions that disagree as well, as warnings."""
    cause = next((found for rule in RULES if (found := rule(failure, evidence, given))), None)
    first = cause or pickles.traced(failure.log, evidence) or _raised(failure)
    others = (f for f in disagreements(evidence, level=Level.WARNING) if f.subject != first.subject)
    return first, *others


def _unreadable(failure: Failure, _: Evidence, given: Given) -> Finding | None:
    if failure.type_name != UNREADABLE:
        return None
    message = f"{excerpt(given.name)} is no input: {failure.message.partition('Unreadable: ')[2]}"
    return error("predict/input", message, "give CSV with a header, JSON or Parquet", origin=given.origin)


def _ended(failure: Failure, _: Evidence, __: Given) -> Finding | None:
    match failure.code:
        case "worker/crashed":
            hint = "read the end of its log; a killed process often had too little memory"
            return error("predict/crashed", failure.message, hint)
        case "worker/timeout":
            return error("predict/timeout", failure.message, "give it more time with --timeout")
    return None


def _missing_module(failure: Failure, evidence: Evidence, _: Given) -> Finding | None:
    found = _NO_MODULE.search(failure.message)
    if found is None:
        return None
    module = found[1].strip(".")
    there = installed_provider(module, evidence.site)
    if there and "." in module:
        return pickles.moved(module, there, evidence)
    name = distribution_of(module)
    return _missing(module, name, evidence) if name else _unknown(module, evidence)


def _missing(module: str, name: str, evidence: Evidence) -> Finding:
    origin = evidence.origin_of(name)
    version = evidence.made_version(name)
    line = f"{name}=={version}" if version else name
    asked = evidence.asks_for(name)
    why = "it is asked for and not installed" if asked else "the model does not ask for it"
    return Finding(
        code="predict/missing-module",
        level=Level.ERROR,
        message=f"there is no module {module}: {name} provides it, and {why}",
        origin=origin,
        hint="build again with --refresh" if asked else f"add {line} to {origin.file}",
        subject=name,
        fix=None if asked else Fix(description=f"ask for {name}", before="", after=line),
    )


def _unknown(module: str, evidence: Evidence) -> Finding:
    return error(
        "predict/missing-module",
        f"there is no module {module}, and no package is known to provide it",
        "if it is your own code, log the model with it (code_paths); else add the package that has it"
        f" to {evidence.requirements_file.file}",
        origin=evidence.requirements_file,
        subject=module,
    )


def _system_library(failure: Failure, _: Evidence, __: Given) -> Finding | None:
    found = _NO_LIBRARY.search(failure.text) or _OLD_SYSTEM.search(failure.text)
    if found is None:
        return None
    message = f"this host has no {found[1]}, which a package of the model links to"
    return error(
        "predict/system-library", message, "install it with the host's package manager", subject=found[1]
    )


def _missing_file(failure: Failure, _: Evidence, __: Given) -> Finding | None:
    found = _NO_FILE.search(failure.message)
    if found is None:
        return None
    message = f"the model wants a file that is not there: {excerpt(found[1])}"
    return error(
        "predict/missing-file", message, "log the model with it (artifacts), or download the model again"
    )


def _raised(failure: Failure) -> Finding:
    return error("predict/raised", failure.message, "read the traceback; the model's own code raised this")


def _numpy_abi(failure: Failure, evidence: Evidence, _: Given) -> Finding | None:
    return pickles.numpy_abi(failure.text, evidence)


def _pickled(failure: Failure, evidence: Evidence, _: Given) -> Finding | None:
    return pickles.diagnose(failure.type_name, failure.text, evidence)


def _schema(failure: Failure, _: Evidence, given: Given) -> Finding | None:
    return schemas.diagnose(failure, given)


RULES = (_unreadable, _ended, _numpy_abi, _missing_module, _system_library, _pickled, _schema, _missing_file)
"""In order: what says most comes first."""
