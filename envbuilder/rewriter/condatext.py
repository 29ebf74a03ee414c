"""Edits of a conda file's text: its channels, its dependencies, its pip lines; nothing else moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from envbuilder.channels import CONDA_FORGE, NODEFAULTS, canonical, restricted
from envbuilder.findings import Change, Effect, Origin
from envbuilder.redact import excerpt
from envbuilder.rewriter.channels import missing_channels
from envbuilder.rewriter.matchspecs import BUILD_STRING
from envbuilder.rewriter.piptext import Repaired, Repairs, Unsafe, repaired
from envbuilder.rewriter.spectext import respelled
from envbuilder.rewriter.splices import Row, Splice, newline_of, row_at, spliced, without_row
from envbuilder.rewriter.yamltext import composed, plain_of, read

_ITEM = re.compile(r"\s*-\s+")


@dataclass(kw_only=True, slots=True)
class CondaEdit:
    """What is done in a conda file; lines are counted from 1."""

    path: str
    splices: list[Splice] = field(default_factory=list)
    touched: dict[int, tuple[Change, ...]] = field(default_factory=dict)
    """The lines that change, with what changes in them as far as their text tells."""
    skipped: list[Change] = field(default_factory=list)
    """What should change and cannot be edited as text."""

    def put(self, start: int, end: int, text: str) -> None:
        """Replace a span."""
        self.splices.append(Splice(start=start, end=end, text=text))


def edited_conda(text: str, path: str, repairs: Repairs) -> tuple[str, CondaEdit]:
    """Return a conda file's text as it should be, and what was done.

    Nothing is done if the result, read as YAML, would differ from the file in anything else.
    """
    root = composed(text)
    edit = CondaEdit(path=path)
    if not isinstance(root, yaml.MappingNode):
        return text, edit
    expected = plain_of(root)
    keys = {key.value: (key, value) for key, value in root.value}
    foreign = _Channels(text, edit).edit(root, keys, expected)
    if "dependencies" in keys and isinstance(keys["dependencies"][1], yaml.SequenceNode):
        dependencies = _Dependencies(text, edit, repairs, foreign=foreign)
        expected["dependencies"] = dependencies.edit(keys["dependencies"][1])
    result = _ended_like(text, spliced(text, edit.splices))
    if read(result) != expected:
        unsafe = [change for changes in edit.touched.values() for change in changes]
        return text, CondaEdit(path=path, skipped=unsafe)
    return result, edit


def _ended_like(text: str, result: str) -> str:
    """Without a last newline where the original has none: the line that had none may be the one that went."""
    if text.endswith("\n"):
        return result
    return result.removesuffix("\n").removesuffix("\r")


def _inner(text: str, node: Any) -> tuple[int, int] | None:
    """Return the span of a scalar's text, without quotes; None where it is not written as it reads."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in {"'", '"'}:
        start, end = start + 1, end - 1
    return (start, end) if text[start:end] == node.value and node.value else None


class _Channels:
    """Edits the list of channels."""

    def __init__(self, text: str, edit: CondaEdit) -> None:
        self._text = text
        self._edit = edit

    def edit(self, root: Any, keys: dict[str, Any], expected: dict[str, Any]) -> bool:
        """Make the splices; return whether a licensed channel was named, or implied."""
        if "channels" not in keys:
            self._insert(root, keys)
            expected["channels"] = [CONDA_FORGE, NODEFAULTS]
            return True
        key, node = keys["channels"]
        if isinstance(node, yaml.SequenceNode) and node.value:
            return self._list(node, expected)
        names = [node.value] if isinstance(node, yaml.ScalarNode) and not _is_null(node) else []
        wanted = _wanted(names) if names else [CONDA_FORGE, NODEFAULTS]
        self._whole(key, node, wanted)
        self._edit.touched[node.start_mark.line + 1] = ()
        expected["channels"] = wanted
        return not names or restricted(names[0])

    def _whole(self, key: Any, node: Any, wanted: list[str]) -> None:
        """Replace a value that is no list with items by a list in brackets."""
        start, end = node.start_mark.index, node.end_mark.index
        text = f"[{', '.join(wanted)}]"
        if isinstance(node, yaml.ScalarNode) and not node.value and not node.style:
            start = end = key.end_mark.index + 1
            text = f" {text}"
        self._edit.put(start, end, text)

    def _list(self, node: Any, expected: dict[str, Any]) -> bool:
        names = [item.value if isinstance(item, yaml.ScalarNode) else "" for item in node.value]
        kept = _survivors(names)
        added = missing_channels([_forge(names[i]) for i in kept])
        expected["channels"] = [_forge(names[i]) for i in kept] + added
        for i in kept:
            if restricted(names[i]):
                self._replace(node.value[i])
        remove = self._remove_from_flow if node.flow_style else self._remove_rows
        remove(node.value, kept)
        last = node.value[kept[-1]]
        if node.flow_style:
            text = "".join(f", {name}" for name in added)
            at = last.end_mark.index
        else:
            row = row_at(self._text, last.start_mark.index)
            lead = self._text[row.start : last.start_mark.index]
            text = "".join(f"{newline_of(self._text)}{lead}{name}" for name in added)
            at = row.end
        if added:
            self._edit.put(at, at, text)
        return any(map(restricted, names))

    def _replace(self, item: Any) -> None:
        span = _inner(self._text, item)
        if span:
            self._edit.put(*span, CONDA_FORGE)
            self._edit.touched[item.start_mark.line + 1] = ()

    def _remove_rows(self, items: list[Any], kept: list[int]) -> None:
        for i in sorted({*range(len(items))} - {*kept}):
            item = items[i]
            self._edit.splices += _row_splices(self._text, item)
            self._edit.touched[item.start_mark.line + 1] = ()

    def _remove_from_flow(self, items: list[Any], kept: list[int]) -> None:
        for i in sorted({*range(len(items))} - {*kept}):
            item = items[i]
            start, end = item.start_mark.index, item.end_mark.index
            if i > kept[0]:
                start = items[i - 1].end_mark.index
            else:
                end = items[i + 1].start_mark.index
            self._edit.put(start, end, "")
            self._edit.touched[item.start_mark.line + 1] = ()

    def _insert(self, root: Any, keys: dict[str, Any]) -> None:
        """Write a list of channels before the dependencies, and before the comments right above them."""
        if not root.value:
            return
        key = keys.get("dependencies", root.value[0])[0]
        if root.flow_style:
            text = f"channels: [{CONDA_FORGE}, {NODEFAULTS}], "
            self._edit.put(key.start_mark.index, key.start_mark.index, text)
            return
        row = row_at(self._text, key.start_mark.index)
        lead = self._text[row.start : key.start_mark.index]
        above = row
        while above.start and self._is_comment(before := row_at(self._text, above.start - 1), lead):
            above = before
        # A comment at the top is the file's, not the dependencies'.
        row = above if above.start else row
        line = newline_of(self._text)
        text = f"{lead}channels:{line}{lead}  - {CONDA_FORGE}{line}{lead}  - {NODEFAULTS}{line}"
        self._edit.put(row.start, row.start, text)

    def _is_comment(self, row: Row, lead: str) -> bool:
        return self._text[row.start : row.end].startswith(f"{lead}#")


def _is_null(node: Any) -> bool:
    return not node.style and node.value in {"", "~", "null", "Null", "NULL"}


def _forge(name: str) -> str:
    return CONDA_FORGE if restricted(name) else name


def _survivors(names: list[str]) -> list[int]:
    """Return which channels stay, each once, in order; of equals in a row the one that needs no edit."""
    kept: dict[str, int] = {}
    previous, start = "", 0
    for i, name in enumerate(names):
        own = canonical(_forge(name))
        if own != previous:
            previous, start = own, i
        at = kept.setdefault(own, i)
        if at != i and start <= at and restricted(names[at]) and not restricted(name):
            kept[own] = i
    return sorted(kept.values())


def _wanted(names: list[str]) -> list[str]:
    return [_forge(name) for name in names] + missing_channels(list(map(_forge, names)))


def _row_splices(text: str, item: Any) -> Iterator[Splice]:
    """Yield the splice that takes a list item's line away; its comment stays."""
    row = row_at(text, item.start_mark.index)
    lead, rest = text[row.start : item.start_mark.index], text[item.end_mark.index : row.end]
    if item.end_mark.index <= row.end and _ITEM.fullmatch(lead) and re.fullmatch(r"\s*(#.*)?", rest):
        indent = lead[: len(lead) - len(lead.lstrip())]
        yield without_row(text, row, indent + rest.strip() if rest.strip() else "")


class _Dependencies:
    """Edits the items of the dependencies and of the pip lists among them."""

    def __init__(self, text: str, edit: CondaEdit, repairs: Repairs, *, foreign: bool) -> None:
        self._text = text
        self._edit = edit
        self._repairs = repairs
        self._foreign = foreign

    def edit(self, node: Any) -> list[Any]:
        """Make the splices; return the list as it should read afterwards."""
        return [self._item(item) for item in node.value]

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

    def _spec(self, item: Any) -> str:
        new = respelled(item.value, foreign=self._foreign)
        if new == item.value:
            return new
        change = Change(
            code=BUILD_STRING, message=f"{excerpt(item.value)} is written {excerpt(new)}", effect=Effect.ADAPTED,
            before=excerpt(item.value), after=excerpt(new), origin=self._origin(item),
        )  # fmt: skip
        return self._put(item, new, (change,))

    def _origin(self, item: Any) -> Origin:
        mark = item.start_mark
        return Origin(file=self._edit.path, line=mark.line + 1, column=mark.column + 1)

    def _put(self, item: Any, new: str, changes: tuple[Change, ...]) -> str:
        span = _inner(self._text, item)
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
        splices = list(_row_splices(self._text, item))
        if not splices:
            self._edit.skipped += changes
            return str(item.value)
        self._edit.splices += splices
        self._edit.touched[item.start_mark.line + 1] = changes
        return None
