"""Edits of a conda file's dependencies and of the pip lists among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from envbuilder.channels import CONDA_FORGE, restricted
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.reader.lines import without_comment
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.redact import excerpt
from envbuilder.rewriter.condaedit import CondaEdit, inner, row_splices
from envbuilder.rewriter.forge import (
    Beside,
    Dropped,
    Renamed,
    any_version,
    renamed,
    told_any_version,
    told_dropped,
    told_renamed,
)  # fmt: skip
from envbuilder.rewriter.matchspecs import BUILD_STRING, rendered
from envbuilder.rewriter.piptext import Repaired, Repairs, Unsafe, repaired
from envbuilder.rewriter.spectext import respelled
from envbuilder.rewriter.yamltext import plain_of
from envbuilder.spec import CondaName, CondaRequirement

_SPOT = Origin(file="")


def _read(text: str, origin: Origin = _SPOT) -> CondaRequirement | None:
    """Return a dependency; None for what is none, or names a file."""
    try:
        found = read_matchspec(without_comment(text), origin)
    except EnvbuilderError:
        return None
    return None if "url" in dict(found.brackets) else found


class DependencyEdits:
    """Edits the items of the dependencies and of the pip lists among them."""

    def __init__(self, text: str, edit: CondaEdit, repairs: Repairs, beside: Beside) -> None:
        self._text = text
        self._edit = edit
        self._repairs = repairs
        self._beside = beside
        self._wishes: dict[CondaName, set[str]] = {}
        self._left = 0

    def edit(self, node: Any) -> list[Any]:
        """Make the splices; return the list as it should read afterwards."""
        self._left = len(node.value)
        for item in node.value:
            wish = _read(item.value) if isinstance(item, yaml.ScalarNode) else None
            if wish:
                self._wishes.setdefault(wish.name, set()).add(wish.version)
        found = [self._item(item) for item in node.value]
        return [item for item in found if item is not None]

    def _item(self, item: Any) -> Any:
        if isinstance(item, yaml.ScalarNode):
            return self._spec(item)
        plain: Any = plain_of(item)
        if isinstance(item, yaml.MappingNode):
            for key, value in item.value:
                if key.value == "pip" and isinstance(value, yaml.SequenceNode):
                    lines = [self._line(line) for line in value.value]
                    plain["pip"] = [line for line in lines if line is not None]
        return plain

    def _spec(self, item: Any) -> str | None:
        wish = _read(item.value, self._origin(item))
        match self._beside.answer_for(wish) if wish else None:
            case Dropped() as dropped:
                assert wish  # noqa: S101
                return self._leave_out(item, (told_dropped(wish, dropped),))
            case Renamed(name=name):
                assert wish  # noqa: S101
                return self._rename(item, wish, name)
        if wish and wish.name == "blas" and self._is_licensed(wish):
            return self._blas(item, wish)
        new = respelled(item.value, foreign=self._beside.licensed)
        if new == item.value:
            return new
        change = Change(
            code=BUILD_STRING, message=f"{excerpt(item.value)} is written {excerpt(new)}", effect=Effect.ADAPTED,
            before=excerpt(item.value), after=excerpt(new), origin=self._origin(item),
        )  # fmt: skip
        return self._put(item, new, (change,))

    def _is_licensed(self, wish: CondaRequirement) -> bool:
        return restricted(wish.channel) if wish.channel else self._beside.licensed

    def _blas(self, item: Any, wish: CondaRequirement) -> str:
        new = any_version(wish)
        if new == wish and not wish.channel:
            return str(item.value)
        new = replace(new, channel=CONDA_FORGE if wish.channel else "")
        # Without brackets, which end a list in brackets.
        text = f"{rendered(replace(new, build=''))}{f'=*={new.build}' if new.build else ''}"
        return self._put(item, text, (told_any_version(wish, new),))

    def _rename(self, item: Any, wish: CondaRequirement, name: CondaName) -> str | None:
        """Write conda-forge's name; where it stands in the file already, one of the two lines goes."""
        channel = CONDA_FORGE if wish.channel else ""
        new = replace(renamed(wish, name), channel=channel)
        changes = (told_renamed(wish, new),)
        beside = self._wishes.get(name, set())
        if beside == {wish.version}:
            return self._leave_out(item, changes)
        if beside:
            self._edit.skipped += changes
            return str(item.value)
        self._wishes[name] = {wish.version}
        return self._put(item, rendered(new), changes)

    def _leave_out(self, item: Any, changes: tuple[Change, ...]) -> str | None:
        """Take a dependency away, unless it is the last: an empty list is none."""
        if self._left > 1 and self._remove(item, changes) is None:
            self._left -= 1
            return None
        if self._left == 1:
            self._edit.skipped += changes
        return str(item.value)

    def _origin(self, item: Any) -> Origin:
        mark = item.start_mark
        return Origin(file=self._edit.path, line=mark.line + 1, column=mark.column + 1)

    def _put(self, item: Any, new: str, changes: tuple[Change, ...]) -> str:
        span = inner(self._text, item)
        if span is None:
            self._edit.skipped += changes
            return str(item.value)
        self._edit.put(*span, new)
        self._edit.touched[item.start_mark.line + 1] = changes
        return new

    def _line(self, item: Any) -> Any:
        if not isinstance(item, yaml.ScalarNode):
            return plain_of(item)
        match repaired(item.value, self._repairs):
            case Repaired(text=str() as new, changes=changes):
                return self._put(item, new, changes)
            case Repaired(changes=changes):
                return self._remove(item, changes)
            case Unsafe(changes=changes):
                self._edit.skipped += changes
        return item.value

    def _remove(self, item: Any, changes: tuple[Change, ...]) -> str | None:
        splices = list(row_splices(self._text, item))
        if not splices:
            self._edit.skipped += changes
            return str(item.value)
        self._edit.splices += splices
        self._edit.touched[item.start_mark.line + 1] = changes
        return None
