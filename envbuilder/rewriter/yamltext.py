"""A YAML file as PyYAML's tree, for edits of its text: nodes know where they stand."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def composed(text: str) -> Any:
    """Return the tree of a text; None where there is none (the same anchor twice is none for PyYAML)."""
    try:
        return yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        return None


def read(text: str) -> Any:
    """Return the data of a text, None where it is no YAML."""
    root = composed(text)
    return root and plain_of(root)


def plain_of(node: Any) -> Any:
    """Return a node's data, all scalars as text."""
    if isinstance(node, yaml.MappingNode):
        # An edit that goes wrong can make a key of a list: it then equals nothing that is expected.
        return {str(key.value): plain_of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain_of(item) for item in node.value]
    return node.value
