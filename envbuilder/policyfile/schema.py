"""The JSON schema of the policy (draft 2020-12), for editors: ``envbuilder.schema.json`` in this folder.

It says which keys there are and what kind of value each takes. What it cannot say (whether a licence or a
finding code exists) the reader does.
"""

from __future__ import annotations

from importlib import resources


def schema_text() -> str:
    """Return the schema."""
    return resources.files("envbuilder.policyfile").joinpath("envbuilder.schema.json").read_text("utf-8")
