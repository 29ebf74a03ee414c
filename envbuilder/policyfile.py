"""Reads the user's policy: ``envbuilder.toml``, or ``[tool.envbuilder]`` of a pyproject.toml."""

from __future__ import annotations

import difflib
import re
import sys
from typing import TYPE_CHECKING, Any, Literal, get_args

from envbuilder.errors import PolicyError, UsageError
from envbuilder.findings import Level, Origin
from envbuilder.limits import Limits, read_age, read_size
from envbuilder.policy import DEFAULT, Builds, Policy, Sources, Verdict
from envbuilder.redact import SafeUrl, excerpt

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

FILE = "envbuilder.toml"
LONGEST = 1024 * 1024
"""Bytes of a policy file; a real one has a few kilobytes."""


def find_policy(folder: Path) -> Path | None:
    """Return the policy file of a folder: ``envbuilder.toml``, else a pyproject.toml with our table."""
    own, project = folder / FILE, folder / "pyproject.toml"
    if _is_there(own):
        return own
    if _is_there(project):
        tools = _load(project).get("tool")
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

    Raises PolicyError (``policy/invalid``, ``policy/unknown-key``) for a file that cannot be read, a key
    that does not exist or a value of the wrong kind: a policy that is half understood protects nobody.
    """
    if path is None:
        return DEFAULT
    reader = _Reader(path.name)
    table: Mapping[str, Any] = _load(path)
    if path.name == "pyproject.toml":
        table = reader.table(reader.table(table, "tool"), "envbuilder")
    return reader.policy(table)


def _load(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        if len(content) > LONGEST:
            raise PolicyError(f"the policy is longer than {LONGEST} bytes", origin=Origin(file=path.name))
        return tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError(
            f"this is not TOML: {excerpt(str(error))}",
            origin=Origin(file=path.name),
            hint="mend the file; `envbuilder init` writes a policy to start from",
        ) from error


def _unreadable(path: Path, error: OSError) -> PolicyError:
    reason = (error.strerror or str(error)).lower()
    return PolicyError(
        f"{excerpt(str(path))} cannot be read: {reason}",
        hint="check --policy and this folder; `envbuilder init` writes a policy to start from",
    )


_LISTED = 20
"""Keys that fit into a hint."""


class _Reader:
    """Typed getters that know which file they read."""

    def __init__(self, file: str) -> None:
        self._file = file

    def policy(self, table: Mapping[str, Any]) -> Policy:
        self._only(table, ("sources", "builds", "names", "store", "levels"), "")
        return Policy(
            sources=self._sources(self.table(table, "sources")),
            builds=self._builds(self.table(table, "builds")),
            names=tuple(sorted(self._names(self.table(table, "names")))),
            store=self._store(self.table(table, "store")),
            levels=tuple(sorted(self._levels(self.table(table, "levels")), key=lambda pair: pair[0])),
        )

    def _sources(self, table: Mapping[str, Any]) -> Sources:
        self._only(table, ("indexes", "url", "vcs", "local", "editable"), "sources.")
        return Sources(
            indexes=tuple(SafeUrl(url) for url in self._texts(table, "indexes", "sources.")),
            url=self._verdict(table, "url"),
            vcs=self._verdict(table, "vcs"),
            local=self._verdict(table, "local"),
            editable=self._verdict(table, "editable"),
        )

    def _builds(self, table: Mapping[str, Any]) -> Builds:
        self._only(table, ("sdist",), "builds.")
        value = table.get("sdist", "locked")
        if isinstance(value, list):
            # Compared with names of a lock, which are normalised: PyYAML would never match (PEP 503).
            names = self._texts(table, "sdist", "builds.")
            return Builds(sdist=tuple(re.sub(r"[-_.]+", "-", name).lower() for name in names))
        if value == "locked":
            return Builds(sdist="locked")
        if value == "never":
            return Builds(sdist="never")
        raise self._wrong("builds.sdist", '"locked", "never" or a list of package names')

    def _names(self, table: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        for conda, pypi in table.items():
            if not isinstance(pypi, str):
                raise self._wrong(f"names.{conda}", "the name on the package index, or an empty text")
            yield conda, pypi

    def _store(self, table: Mapping[str, Any]) -> Limits:
        self._only(table, ("max-size", "min-free", "max-age"), "store.")
        return Limits(
            max_size=self._amount(table, "max-size", read_size, 'a size such as "50GB"'),
            min_free=self._amount(table, "min-free", read_size, 'a size such as "5GB"'),
            max_age=self._amount(table, "max-age", read_age, 'an age such as "30d"'),
        )

    def _amount(
        self, table: Mapping[str, Any], key: str, read: Callable[[str], int], wanted: str
    ) -> int | None:
        value = table.get(key)
        if value is None:
            return None
        try:
            return read(value)
        except (UsageError, AttributeError):
            raise self._wrong(f"store.{key}", wanted) from None

    def _levels(self, table: Mapping[str, Any]) -> Iterable[tuple[str, Level | Literal["allow"]]]:
        if not table:
            return
        from envbuilder.codes import catalogue  # reads a file

        self._only(table, tuple(catalogue()), "levels.")
        words: dict[Any, Level | Literal["allow"]] = {level.value: level for level in Level}
        for code, word in table.items():
            if not isinstance(word, str) or word not in {*words, "allow"}:
                raise self._wrong(f"levels.{code}", '"allow", "note", "warning" or "error"')
            yield code, words.get(word, "allow")

    def table(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, "a table")
        return value

    def _texts(self, table: Mapping[str, Any], key: str, prefix: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(prefix + key, "a list of texts")
        return tuple(value)

    def _verdict(self, table: Mapping[str, Any], key: str) -> Verdict:
        value: Any = table.get(key, "deny")
        verdicts: tuple[Literal["deny", "warn", "allow"], ...] = get_args(Verdict)
        for verdict in verdicts:
            if value == verdict:
                return verdict
        raise self._wrong(f"sources.{key}", " or ".join(f'"{verdict}"' for verdict in verdicts))

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                listed = ", ".join(known) if len(known) < _LISTED else f"{known[0]} … {known[-1]}"
                raise PolicyError(
                    f"the policy has no key {excerpt(prefix + key)!r}",
                    code="policy/unknown-key",
                    origin=Origin(file=self._file),
                    hint=f"did you mean {prefix}{near[0]}?" if near else f"known keys: {listed}",
                )

    def _wrong(self, key: str, wanted: str) -> PolicyError:
        return PolicyError(
            f"{excerpt(key)} has to be {wanted}",
            origin=Origin(file=self._file),
            hint="mend that line of the policy",
        )
