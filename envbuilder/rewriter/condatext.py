"""Edits of a conda file's text: its channels, its dependencies, its pip lines; nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import yaml

from envbuilder.rewriter.channeltext import ChannelEdits, channels_of
from envbuilder.rewriter.condaedit import CondaEdit
from envbuilder.rewriter.dependencytext import DependencyEdits
from envbuilder.rewriter.forge import Beside
from envbuilder.rewriter.piptext import Repairs
from envbuilder.rewriter.splices import spliced
from envbuilder.rewriter.yamltext import composed, plain_of, read


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
    foreign = ChannelEdits(text, edit).edit(root, keys, expected)
    if "dependencies" in keys and isinstance(keys["dependencies"][1], yaml.SequenceNode):
        beside = replace(Beside.of(channels_of(keys)), licensed=foreign)
        dependencies = DependencyEdits(text, edit, repairs, beside)
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
