"""Finds and reads the user's policy: ``envbuilder.toml``, or ``[tool.envbuilder]`` of a pyproject.toml."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from envbuilder.errors import PolicyError
from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT, Policy, PolicyText
from envbuilder.redact import excerpt

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

FILE = "envbuilder.toml"
LONGEST = 1024 * 1024
"""Bytes of a policy file; a real one has a few kilobytes."""
PROJECT = "pyproject.toml"
ROOT = ("tool", "envbuilder")
"""The keys above the policy in a pyproject.toml."""


def find_policy(folder: Path) -> Path | None:
    """Return the policy file of a folder: ``envbuilder.toml``, else a pyproject.toml with our table."""
    own, project = folder / FILE, folder / PROJECT
    if _is_there(own):
        return own
    if _is_there(project):
        tools = _parsed(_text(project), project).get("tool")
        # What else is odd in that file is its owner's business.
        return project if isinstance(tools, dict) and "envbuilder" in tools else None
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise _unreadable(path, error) from error


def read_policy(path: Path | None) -> Policy:
    """Return the policy of a file, the default one for None.

    Raises PolicyError (``policy/invalid``) for a file that cannot be read, PolicyRefused for keys that do not
    exist and values of the wrong kind, all of them: a policy that is half understood protects nobody.
    """
    if path is None:
        return DEFAULT
    from envbuilder.policyfile.sections import read_root
    from envbuilder.policyfile.tables import Mistakes, Table

    text = _text(path)
    root = ROOT if path.name == PROJECT else ()
    written = PolicyText(file=excerpt(path.as_posix(), 300), text=text, root=root)
    mistakes = Mistakes()
    policy = read_root(Table(_below(_parsed(text, path), written), (), mistakes), written)
    mistakes.refuse(written)
    return policy


def _below(document: dict[str, Any], written: PolicyText) -> dict[str, Any]:
    """Return the table that is the policy. Raises PolicyRefused if something else stands in its place."""
    from envbuilder.policyfile.tables import Mistakes, shown

    table = document
    for depth, key in enumerate(written.root, 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            path = written.root[:depth]
            mistakes = Mistakes()
            mistakes.add(path, f"{shown(path)} has to be a table", hint="mend that line of the file")
            mistakes.refuse(PolicyText(file=written.file, text=written.text))
    return table


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise PolicyError(
                f"the policy is longer than {LONGEST} bytes",
                origin=Origin(file=path.name),
                hint="a policy has a few kilobytes; name it with --policy",
            )
        return content.decode("utf-8")
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise _no_toml(path, str(error)) from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _no_toml(path, str(error)) from error


def _no_toml(path: Path, why: str) -> PolicyError:
    return PolicyError(
        f"this is not TOML: {excerpt(why)}",
        origin=Origin(file=path.name),
        hint="mend the file; `envbuilder init` writes a policy to start from",
    )


def _unreadable(path: Path, error: OSError) -> PolicyError:
    reason = (error.strerror or str(error)).lower()
    return PolicyError(
        f"{excerpt(str(path))} cannot be read: {reason}",
        hint="check --policy and this folder; `envbuilder init` writes a policy to start from",
    )
