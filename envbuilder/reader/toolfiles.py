"""Files that tools would obey, or run instead of themselves, if they ran in the model's directory.

None is ever acted on: tools start in an empty directory (envbuilder.process).
"""

from __future__ import annotations

import re
import sys

from envbuilder.findings import Level, Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.reader.reading import Reading
from envbuilder.redact import excerpt

_CONFIGURATION = (
    ".condarc", ".env", ".netrc", ".pdbrc", ".pip", ".pydistutils.cfg", ".pypirc", "_netrc", "condarc",
    "hatch.toml", "pip.conf", "pip.ini", "pixi.toml", "poetry.toml", "setup.cfg", "uv.toml",
)  # fmt: skip
_TOOL_MODULES = (
    "_distutils_hack", "_virtualenv", "build", "ensurepip", "hatchling", "mlflow", "packaging", "pip",
    "pkg_resources", "setuptools", "sitecustomize", "usercustomize", "uv", "virtualenv", "wheel",
)  # fmt: skip
_PATH_FILES = (".pth", "._pth")
_TOOL_TABLE = re.compile(
    rb"^[ \t]*(?:\[+[ \t]*)?[\"']?tool[\"']?[ \t]*(?:\.[ \t]*[\"']?(?:uv|pip)\b|[\]=])", re.MULTILINE
)
"""``[tool.uv]`` and the other ways to write it in TOML."""

_MODULE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\.[A-Za-z0-9_-]+)*\.(?:py|pyc|so|pyd)")
_NOT_MODULES = frozenset({"code", "test"})
"""Folders of models that bear the name of a standard module: MLflow's ``code/``."""


_LOGGED = ".python-version"
"""uv obeys it; MLflow 3.11 and later log it with a model, so it is only noted."""


def report_tool_files(reading: Reading) -> None:
    """Report every such file at the model's root."""
    names = set(reading.directory.names())
    if len(names) >= limits.DIRECTORY_ENTRIES:
        names |= _asked_for(reading)
    for name in sorted(names):
        if name.lower() in (*_CONFIGURATION, _LOGGED) or (
            name.lower() == "pyproject.toml" and _configures(name, reading)
        ):
            message = f"{excerpt(name)} would change what a tool does that runs in the model's directory"
            _report("source/tool-config", message, name, reading)
        elif _shadows(name, reading):
            message = f"{excerpt(name)} would be run or imported instead of the real one"
            _report("source/tool-shadow", message, name, reading)


def _asked_for(reading: Reading) -> set[str]:
    """Return the known names that are there: a huge folder is not listed to its end."""
    known = (*_CONFIGURATION, *_TOOL_MODULES, *(f"{m}.py" for m in _TOOL_MODULES), _LOGGED, "pyproject.toml")
    return {name for name in known if reading.directory.has(name)}


def _report(code: str, message: str, name: str, reading: Reading) -> None:
    hint = "it is not used here; remove it from the model"
    level = Level.NOTE if name == _LOGGED else Level.WARNING
    origin = Origin(file=excerpt(name, 200))
    reading.gathering.add(level, code, message, origin, hint=hint, subject=excerpt(name))


def _configures(name: str, reading: Reading) -> bool:
    try:
        return _TOOL_TABLE.search(reading.directory.read(name).content) is not None
    except Refusal:
        return True


def _shadows(name: str, reading: Reading) -> bool:
    if name.lower().endswith(_PATH_FILES) or name.lower() == "pyvenv.cfg":
        return True
    found = _MODULE.fullmatch(name)
    if found:
        return found["name"].lower() in _TOOL_MODULES or found["name"] in sys.stdlib_module_names
    if name.lower() in _TOOL_MODULES:
        return True
    standard = name in sys.stdlib_module_names and name not in _NOT_MODULES
    return standard and "__init__.py" in reading.directory.names(name)
