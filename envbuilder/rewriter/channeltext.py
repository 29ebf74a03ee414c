"""Edits of a conda file's list of channels."""

from __future__ import annotations

from typing import Any

import yaml

from envbuilder.channels import CONDA_FORGE, NODEFAULTS, canonical, restricted
from envbuilder.rewriter.channels import missing_channels
from envbuilder.rewriter.condaedit import CondaEdit, inner, row_splices
from envbuilder.rewriter.splices import Row, newline_of, row_at


def channels_of(keys: dict[str, Any]) -> list[str]:
    """Return the channels of a file as it stands."""
    node = keys["channels"][1] if "channels" in keys else None
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [item.value for item in items if isinstance(item, yaml.ScalarNode)]


class ChannelEdits:
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
        span = inner(self._text, item)
        if span:
            self._edit.put(*span, CONDA_FORGE)
            self._edit.touched[item.start_mark.line + 1] = ()

    def _remove_rows(self, items: list[Any], kept: list[int]) -> None:
        for i in sorted({*range(len(items))} - {*kept}):
            item = items[i]
            self._edit.splices += row_splices(self._text, item)
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
