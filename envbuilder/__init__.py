"""Brings a logged MLflow model's environment back: any model, of any year, from its files to a running Python.

    import envbuilder

    with envbuilder.acquire("path/to/model") as env:
        env.run(["python", "score.py"])

Importing this package imports nothing else: each name below is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the module ``typing`` would be most of what importing this costs
if TYPE_CHECKING:
    from typing import Any

    from envbuilder.api.loaders import check, get_model_dependencies, load_model
    from envbuilder.api.reports import audit, diff, licenses
    from envbuilder.api.stages import acquire, build, parse, resolve, rewrite
    from envbuilder.comparison.difference import Difference
    from envbuilder.environment import Environment
    from envbuilder.errors import EnvbuilderError
    from envbuilder.findings import Change, Finding
    from envbuilder.inspection.mismatches import Mismatch, MismatchError, Mismatches, MismatchWarning
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.report.report import Report
    from envbuilder.spec import EnvSpec, Rewritten
    from envbuilder.workers.errors import (
        ModelError,
        WorkerCrashed,
        WorkerError,
        WorkerTimeout,
        WorkerValueError,
    )
    from envbuilder.workers.loading import LoadedModel
    from envbuilder.workers.metadata import Metadata

_HOMES = {
    "acquire": "api.stages",
    "audit": "api.reports",
    "build": "api.stages",
    "check": "api.loaders",
    "diff": "api.reports",
    "get_model_dependencies": "api.loaders",
    "licenses": "api.reports",
    "load_model": "api.loaders",
    "parse": "api.stages",
    "resolve": "api.stages",
    "rewrite": "api.stages",
    "Change": "findings",
    "Difference": "comparison.difference",
    "Environment": "environment",
    "EnvSpec": "spec",
    "EnvbuilderError": "errors",
    "Finding": "findings",
    "LoadedModel": "workers.loading",
    "Lock": "lock",
    "Metadata": "workers.metadata",
    "ModelError": "workers.errors",
    "Mismatch": "inspection.mismatches",
    "MismatchError": "inspection.mismatches",
    "MismatchWarning": "inspection.mismatches",
    "Mismatches": "inspection.mismatches",
    "Policy": "policy",
    "Report": "report.report",
    "Rewritten": "spec",
    "WorkerCrashed": "workers.errors",
    "WorkerError": "workers.errors",
    "WorkerTimeout": "workers.errors",
    "WorkerValueError": "workers.errors",
}

__all__ = [
    "Change", "Difference", "EnvSpec", "EnvbuilderError", "Environment", "Finding", "LoadedModel", "Lock",
    "Metadata", "Mismatch", "MismatchError", "MismatchWarning", "Mismatches", "ModelError", "Policy",
    "Report", "Rewritten", "WorkerCrashed", "WorkerError", "WorkerTimeout", "WorkerValueError", "acquire",
    "audit", "build", "check", "diff", "get_model_dependencies", "licenses", "load_model", "parse", "resolve",
    "rewrite",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name's module at its first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'envbuilder' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"envbuilder.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
