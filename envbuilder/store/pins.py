"""Pins: environments, or whatever environments a model leads to, that no collection removes."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX, digest
from envbuilder.errors import StoreError
from envbuilder.redact import excerpt
from envbuilder.store.census import trees
from envbuilder.store.fields import Fields, Unreadable, time_text
from envbuilder.store.files import replace_file
from envbuilder.store.records import Records
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.store.layout import Layout

SCHEMA = 1
_ENVIRONMENT = re.compile(r"[0-9a-f]{8,64}")
"""As much of an env_id as ``cache list`` shows, or less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One pin. ``model`` is the absolute path of a model, or "" for a pin on one environment."""

    target: str
    """What was pinned: the model's path, or the env_id."""
    model: str
    env_ids: tuple[str, ...]
    """The environments that it led to when it was pinned; a model's newer ones count as well."""
    pinned_at: datetime.datetime


def pin(layout: Layout, target: str, model: Path) -> Pin:
    """Keep the environment that ``target`` names (env_id, its start, or prefix), or those of ``model``.

    Raises StoreError ``store/unknown-target`` if the store knows neither.
    """
    environment = environment_named(layout, target)
    if environment:
        new = _pin(environment, "", (environment,))
    else:
        path = str(model.absolute())
        env_ids = tuple(sorted({r.env_id for r in Records(layout).requests() if r.model == path}))
        if not env_ids:
            raise StoreError(
                f"the store has no environment of {excerpt(target)!r}",
                code="store/unknown-target",
                hint="build the model first, or name an environment that `envbuilder cache list` shows",
            )
        new = _pin(path, path, env_ids)
    _save(layout, new)
    return new


def keep(layout: Layout, target: str, env_ids: tuple[str, ...]) -> Pin:
    """Keep environments under a name, e.g. the path of a link to one; unpin() takes that name."""
    new = _pin(target, "", env_ids)
    _save(layout, new)
    return new


def unpin(layout: Layout, target: str, model: Path) -> Pin:
    """Take a pin away and return it. Raises StoreError ``store/not-pinned``."""
    names = {target, str(model.absolute()), environment_named(layout, target)}
    for path, found in _files(layout):
        if found.target in names or (not found.model and _starts(found.target, target)):
            with told(layout.root, "take a pin away"):
                path.unlink(missing_ok=True)
            return found
    raise StoreError(
        f"{excerpt(target)!r} is not pinned",
        code="store/not-pinned",
        hint="`envbuilder cache list` tells which environments are; name one, or the model that was pinned",
    )


def pinned(layout: Layout) -> frozenset[str]:
    """Return the env_ids that no collection may remove."""
    found = [pin for _, pin in _files(layout)]
    models = {pin.model for pin in found if pin.model}
    own = {env_id for pin in found for env_id in pin.env_ids}
    if models:
        own |= {record.env_id for record in Records(layout).requests() if record.model in models}
    return frozenset(own)


def kept(layout: Layout) -> tuple[Pin, ...]:
    """Return every pin that can be read."""
    return tuple(pin for _, pin in _files(layout))


def environment_named(layout: Layout, target: str) -> str | None:
    """Return the env_id of the finished environment that a text names; None if none or several do.

    Raises StoreError.
    """
    with told(layout.root, "list the environments"):
        found = {
            tree.env_id
            for tree in trees(layout, now=0.0)
            if tree.manifest and (_starts(tree.env_id, target) or Path(target).absolute() == tree.prefix)
        }
    return found.pop() if len(found) == 1 else None


def _starts(env_id: str, text: str) -> bool:
    return bool(_ENVIRONMENT.fullmatch(text)) and env_id.startswith(text)


def _pin(target: str, model: str, env_ids: tuple[str, ...]) -> Pin:
    now = datetime.datetime.now(datetime.timezone.utc)
    return Pin(target=target, model=model, env_ids=env_ids, pinned_at=now)


def _save(layout: Layout, new: Pin) -> None:
    value = {
        "schema": SCHEMA,
        "target": new.target,
        "model": new.model,
        "env_ids": list(new.env_ids),
        "pinned_at": time_text(new.pinned_at),
    }
    path = layout.pins / f"{digest(new.target)[:PATH_HEX]}.json"
    with told(layout.root, "keep a pin"):
        replace_file(path, json.dumps(value, indent=1).encode("ascii"), tmp=layout.tmp)


def _files(layout: Layout) -> Iterator[tuple[Path, Pin]]:
    for path in sorted(layout.pins.glob("*.json")):
        with contextlib.suppress(OSError, Unreadable):
            fields = Fields.parse(path.read_bytes(), schema=SCHEMA)
            yield (
                path,
                Pin(
                    target=fields.text("target"),
                    model=fields.text("model"),
                    env_ids=fields.texts("env_ids"),
                    pinned_at=fields.time("pinned_at"),
                ),
            )
