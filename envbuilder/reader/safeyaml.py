"""YAML as bounded events: text, lists and mappings with their places, and nothing else.

Scalars are text exactly as written (``3.10`` is no number). Tags, merge keys, duplicate keys, several
documents, deep nesting and aliases that multiply are refused while the events arrive, before any tree of
that size exists; libyaml's parser is iterative, its loader is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml
from yaml import events

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.reader.text import check_characters
from envbuilder.redact import excerpt

_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A scalar's text. ``plain`` is False where it was quoted or a block."""

    value: str
    plain: bool = True
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    """A mapping; keys are text and differ."""

    pairs: tuple[tuple[Scalar, Node], ...]
    origin: Origin

    def get(self, key: str) -> Node | None:
        """Return the value of a key, None where the key is absent or its value is empty or null."""
        for name, value in self.pairs:
            if name.value == key:
                return None if is_absent(value) else value
        return None

    def has(self, key: str) -> bool:
        """Whether the key is written, whatever its value."""
        return any(name.value == key for name, _ in self.pairs)


Node: TypeAlias = Scalar | Items | Mapping


def is_absent(node: Node) -> bool:
    """Whether a node is an unquoted empty value, ``null`` or ``~``."""
    return isinstance(node, Scalar) and node.plain and node.value in _NULLS


def text_of(node: Node, what: str) -> str:
    """Return a scalar's text on one line, free of hidden characters (escapes can make them).

    Raises Refusal: ``input/not-a-string``, ``line-separator``, ``control-character``, ``bidi-control``.
    """
    if not isinstance(node, Scalar):
        raise Refusal("input/not-a-string", f"{what} is not text", node.origin)
    text = node.value.strip(" \t\n")
    if "\n" in text:
        raise Refusal(
            "input/line-separator", f"{what} holds a line break", node.origin, hint="write one item per line"
        )
    check_characters(text, node.origin)
    return text


def items_of(node: Node | None, what: str) -> tuple[Node, ...]:
    """Return the items of a list; none if it is absent. Raises Refusal (``input/not-a-list``)."""
    match node:
        case None:
            return ()
        case Items(items=items):
            return items
    raise Refusal("input/not-a-list", f"{what} is not a list", node.origin)


def read_mapping(text: str, file: str, *, max_nodes: int = limits.ENVIRONMENT_NODES) -> Mapping:
    """Return the one mapping that a file consists of.

    Raises Refusal with the ``input/…`` code of what is wrong, at its line and column.
    """
    root = _Composer(file, max_nodes).compose(_events(text, file))
    if root is None or is_absent(root):
        raise Refusal("input/empty", "the file holds nothing", Origin(file=file))
    if not isinstance(root, Mapping):
        raise Refusal("input/not-a-mapping", "the file is not a mapping of keys to values", root.origin)
    return root


def _events(text: str, file: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_PARSER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        spot = Origin(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Origin(file=file)
        problem = getattr(error, "problem", None) or "it cannot be read"
        # From 6.0.4 on PyYAML has a bound of its own, and reads ahead of the events that ours counts.
        code = "input/too-deep" if "nesting depth" in problem else "input/yaml-syntax"
        raise Refusal(code, f"this is not YAML: {excerpt(problem)}", spot) from None
    except (ValueError, RecursionError, UnicodeError):
        raise Refusal("input/yaml-syntax", "this is not YAML that can be read", Origin(file=file)) from None


@dataclass(kw_only=True, slots=True)
class _Open:
    """A collection whose end has not come yet."""

    origin: Origin
    anchor: str | None
    before: int
    mapping: bool
    height: int = 1
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)
    key: Scalar | None = None
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Anchored:
    node: Node | None
    """None while the node is still open: an alias to it would contain itself."""
    weight: int = 0
    height: int = 0


class _Composer:
    """Builds the nodes of one document, with everything counted as if aliases were written out."""

    def __init__(self, file: str, max_nodes: int) -> None:
        self._file = file
        self._max = max_nodes
        self._count = 0
        self._documents = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._root: Node | None = None

    def compose(self, stream: Iterator[Any]) -> Node | None:
        for event in stream:
            self._take(event)
        return self._root

    def _take(self, event: Any) -> None:
        match event:
            case events.DocumentStartEvent():
                self._start_document(event)
            case events.AliasEvent():
                self._alias(event)
            case events.ScalarEvent():
                self._refuse_tag(event)
                self._grow(1, event)
                node = Scalar(
                    value=event.value,
                    plain=event.style is None or event.style == "",
                    origin=self._origin(event),
                )
                self._anchor(event.anchor, node, weight=1, height=0)
                self._place(node, 0)
            case events.SequenceStartEvent() | events.MappingStartEvent():
                self._open(event)
            case events.SequenceEndEvent() | events.MappingEndEvent():
                self._close()

    def _origin(self, event: Any) -> Origin:
        return Origin(file=self._file, line=event.start_mark.line + 1, column=event.start_mark.column + 1)

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "a second document starts here; readers differ in which one they take"
            raise Refusal("input/multiple-documents", message, self._origin(event))
        if event.tags:
            raise Refusal("input/yaml-tag", "a %TAG directive", self._origin(event), hint="remove it")

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = f"the tag {excerpt(str(event.tag), 60)} asks for something other than text"
            raise Refusal("input/yaml-tag", message, self._origin(event), hint="remove the tag")

    def _grow(self, weight: int, event: Any, code: str = "input/too-many") -> None:
        self._count += weight
        if self._count > self._max:
            raise Refusal(code, f"more than {self._max} values", self._origin(event))

    def _open(self, event: Any) -> None:
        self._refuse_tag(event)
        self._grow(1, event)
        if len(self._stack) >= limits.DEPTH:
            raise self._too_deep(event)
        self._anchor(event.anchor, None)
        mapping = isinstance(event, events.MappingStartEvent)
        self._stack.append(
            _Open(origin=self._origin(event), anchor=event.anchor, before=self._count - 1, mapping=mapping)
        )

    def _too_deep(self, event: Any) -> Refusal:
        return Refusal("input/too-deep", f"nested deeper than {limits.DEPTH} levels", self._origin(event))

    def _close(self) -> None:
        done = self._stack.pop()
        node: Node
        if done.mapping:
            node = Mapping(pairs=tuple(done.pairs), origin=done.origin)
        else:
            node = Items(items=tuple(done.items), origin=done.origin)
        self._anchor(done.anchor, node, weight=self._count - done.before, height=done.height)
        self._place(node, done.height)

    def _alias(self, event: Any) -> None:
        target = self._anchors.get(event.anchor)
        if target is None or target.node is None:
            what = "nothing" if target is None else "the value that it is part of"
            message = f"the alias *{excerpt(event.anchor, 40)} stands for {what}"
            raise Refusal("input/alias-expansion", message, self._origin(event))
        self._grow(target.weight, event, "input/alias-expansion")
        if len(self._stack) + target.height > limits.DEPTH:
            raise self._too_deep(event)
        self._place(target.node, target.height)

    def _anchor(self, name: str | None, node: Node | None, *, weight: int = 0, height: int = 0) -> None:
        if name is not None:
            self._anchors[name] = _Anchored(node=node, weight=weight, height=height)

    def _place(self, node: Node, height: int) -> None:
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        parent.height = max(parent.height, height + 1)
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._checked_key(parent, node)
        else:
            parent.pairs.append((parent.key, node))
            parent.key = None

    @staticmethod
    def _checked_key(parent: _Open, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise Refusal("input/not-a-string", "a key is not text", node.origin)
        if node.value == "<<":
            raise Refusal("input/alias-expansion", "a merge key hides what it brings in", node.origin)
        if node.value in parent.keys:
            message = (
                f"the key {excerpt(node.value)} stands here twice; readers differ in which one they take"
            )
            raise Refusal("input/duplicate-key", message, node.origin, hint="keep one of them")
        parent.keys.add(node.value)
        return node
