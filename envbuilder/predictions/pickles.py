"""Unpickling across versions: what the exception's text says about which of them disagree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.findings import Finding, Level
from envbuilder.predictions.failure import error
from envbuilder.predictions.providers import distribution_of, installed_provider
from envbuilder.predictions.versions import disagreements, python_mismatch
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from envbuilder.predictions.evidence import Evidence

NUMPY = PypiName("numpy")

_ABI = re.compile(
    r"numpy\.(?:dtype|ndarray|ufunc) size changed|compiled against (?:ABI|API) version"
    r"|compiled using NumPy 1\.x|numpy\.core\.multiarray failed to import|multiarray_umath failed to import"
)
_ATTRIBUTE = (
    re.compile(r"Can't get attribute '(?P<name>[\w.]+)' on <module '(?P<module>[\w.]+)'"),
    re.compile(
        r"cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<module>[\w.]+)'"
    ),
    re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'"),
)
_PYTHON = re.compile(
    r"unsupported pickle protocol|bad marshal data|unknown opcode|an integer is required \(got type bytes\)"
    r"|code\(\) (?:takes|argument)|code expected at (?:most|least)"
)
_STATE = re.compile(
    r"UnpicklingError|invalid load key|incompatible dtype|__setstate__|Inconsistent ?Version|__reduce_cython__"
    r"|not a known BitGenerator|pickle data was truncated|__randomstate_ctor"
)
_TRACED = re.compile(r"site-packages/([\w]+)[/.]")


def numpy_abi(text: str, evidence: Evidence) -> Finding | None:
    """Return the finding for a package that was compiled for another numpy."""
    if not _ABI.search(text):
        return None
    there = evidence.versions.get(NUMPY, "none")
    return error(
        "predict/numpy-abi",
        f"a package was compiled for another numpy than the {there} of the environment",
        f"pin numpy in {evidence.origin_of(NUMPY).file} to the one that the model was made with",
        origin=evidence.origin_of(NUMPY),
        subject=NUMPY,
    )


def moved(module: str, name: str, evidence: Evidence) -> Finding:
    """Return the finding for a module that the installed version of a distribution does not have."""
    if name == NUMPY and module.startswith("numpy._core"):
        hint = f"pin numpy>=2 in {evidence.origin_of(name).file}: the model was pickled with it"
    else:
        hint = _cure(name, evidence)
    message = (
        f"{name} {evidence.versions.get(PypiName(name), '')} has no module {module}; the model was pickled"
    )
    return error(
        "predict/version-mismatch",
        f"{message} with another version",
        hint,
        origin=evidence.origin_of(name),
        subject=name,
    )


def diagnose(type_name: str, text: str, evidence: Evidence) -> Finding | None:
    """Return the finding for an object that cannot be unpickled here; None if that is not what failed."""
    found = next((match for pattern in _ATTRIBUTE if (match := pattern.search(text))), None)
    if found:
        return _attribute(found["name"], found["module"], evidence)
    known = next(disagreements(evidence, level=Level.ERROR), None)
    if _PYTHON.search(text):
        return _python(evidence) if known is None or known.subject == "python" else known
    if "pickl" in type_name.lower() or _STATE.search(text):
        return known or _unknown(text, evidence)
    return None


def traced(text: str, evidence: Evidence) -> Finding | None:
    """Return the disagreement of the package whose code raised last; None if it is of the right version."""
    known = {finding.subject: finding for finding in disagreements(evidence, level=Level.ERROR)}
    tops = _TRACED.findall(text)
    provider = installed_provider(tops[-1], evidence.site) if tops and known else None
    return known.get(provider or "")


def _python(evidence: Evidence) -> Finding:
    return python_mismatch(evidence, Level.ERROR)


def _attribute(name: str, module: str, evidence: Evidence) -> Finding | None:
    if module == "__main__":
        return error(
            "predict/own-code",
            f"the model needs {name}, which was defined in the program or notebook that logged it",
            "put it into a module and log the model with it (code_paths)",
            subject=name,
        )
    provider = installed_provider(module, evidence.site) or distribution_of(module)
    if provider is None or provider not in evidence.versions:
        return None
    there = evidence.versions[provider]
    return error(
        "predict/version-mismatch",
        f"{module} of {provider} {there} has no {name}; the model was pickled with another version",
        _cure(provider, evidence),
        origin=evidence.origin_of(provider),
        subject=provider,
    )


def _unknown(text: str, evidence: Evidence) -> Finding:
    """The version that was used is not known; the package whose code failed last is the likeliest."""
    tops = [top for top in _TRACED.findall(text) if top not in {"mlflow", "cloudpickle", "joblib"}]
    provider = installed_provider(tops[-1], evidence.site) if tops else None
    name = provider or PypiName("cloudpickle")
    there = evidence.versions.get(name, "none")
    return error(
        "predict/unpickling",
        f"the model cannot be unpickled; the likeliest cause is {name}, of which the environment has {there}",
        _cure(name, evidence),
        origin=evidence.origin_of(name),
        subject=name,
    )


def _cure(name: str, evidence: Evidence) -> str:
    version, file = evidence.made_version(name), evidence.origin_of(name).file
    there = evidence.versions.get(PypiName(name))
    if version and version != there:
        return f"pin {name}=={version} in {file}: MLmodel says that the model was made with it"
    return f"pin {name} in {file} to the version that the model was made with"
