"""Stands in for envbuilder in a program that ``check(..., on_mismatch="exec")`` restarted.

The model's environment need not have envbuilder, and its Python may be too old for it (this file runs from
3.6 on). Here ``check`` of that model finds nothing: the environment was made from its lock. All else that
envbuilder can do is not here.
"""

import json
import os
import sys
from typing import Any, Dict, Iterator, Tuple, Union

_VARIABLE = "ENVBUILDER_RESTARTED"
_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class EnvbuilderError(Exception):
    """As in envbuilder; of its kinds there are none here."""


class Mismatches:
    """None: this program is in the model's environment."""

    ranked: Tuple[Any, ...] = ()
    grave: Tuple[Any, ...] = ()

    def __init__(self, told: Dict[str, Any]) -> None:
        self.model = told.get("model")
        self.lock_id = told.get("lock_id")
        self.packages = told.get("packages")
        self.python = sys.executable
        self.python_version = "%d.%d.%d" % sys.version_info[:3]

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())


def check(model: Union[str, "os.PathLike[str]"], **_options: Any) -> Mismatches:
    """Return no mismatches for the model that the program was restarted for; refuse to speak of others."""
    if os.fspath(model) != _TOLD.get("model"):
        raise EnvbuilderError(
            "check/restarted: this program runs in the environment of %s; another model cannot be checked in it"
            % _TOLD.get("model")
        )
    return Mismatches(_TOLD)


def __getattr__(name: str) -> Any:
    raise AttributeError(
        "envbuilder.%s is not there: this program was restarted in the environment of %s, which has no envbuilder"
        % (name, _TOLD.get("model"))
    )


def _told() -> Dict[str, Any]:
    try:
        found = json.loads(os.environ.get(_VARIABLE, ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _leave_path() -> None:
    """Take this folder off the path that other Pythons would inherit; sys.path keeps it for own workers."""
    entries = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if _FOLDER in entries:
        entries.remove(_FOLDER)
        if entries:
            os.environ["PYTHONPATH"] = os.pathsep.join(entries)
        else:
            del os.environ["PYTHONPATH"]


_TOLD = _told()
_leave_path()
