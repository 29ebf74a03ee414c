"""The text of a new policy: every section with its defaults, commented out, and what was found filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tomli_w

Counted = tuple[tuple[str, int], ...]
"""Texts with the number of models or packages that have them, the most frequent first."""

SUGGESTED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause OR BSD-2-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only OR LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
}
"""What to propose for the commonest words that say no one licence: a decision that PEP 639 leaves to the user."""

_SHOWN = 50
"""Undecided words that are listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What models have, to be filled into a new policy."""

    channels: Counted = ()
    """After rewriting, by the number of models."""
    licenses: Counted = ()
    """SPDX leaves that allow every package whose licence is decided, by the number of packages."""
    undecided: Counted = ()
    """What packages say that settles no licence, by the number of packages."""


def policy_text(draft: Draft | None = None) -> str:
    """Return a whole ``envbuilder.toml``. Without a draft it means the default policy."""
    filled = draft or Draft()
    return _TEXT.format(
        channels=_list(filled.channels, "allow = []", "model"),
        licenses=_list(filled.licenses, 'allow = ["MIT", "BSD-3-Clause", "Apache-2.0"]', "package"),
        aliases="\n".join(_aliases(filled.undecided)),
    )


def _list(items: Counted, default: str, noun: str) -> str:
    if not items:
        return f"# {default}"
    lines = [f"  {_toml(text)},  # {_number(count, noun)}" for text, count in items]
    return "\n".join(["allow = [", *lines, "]"])


def _aliases(undecided: Counted) -> Iterator[str]:
    counts = dict(undecided[:_SHOWN])
    for raw, expression in SUGGESTED.items():
        yield _alias(raw, expression, counts.pop(raw, 0))
    for raw, count in counts.items():
        yield _alias(raw, "LicenseRef-decide", count)


def _alias(raw: str, expression: str, count: int) -> str:
    line = f"# {_toml(raw)} = {_toml(expression)}"
    return f"{line}  # {_number(count, 'package')}" if count else line


def _toml(text: str) -> str:
    return tomli_w.dumps({"k": text}).partition(" = ")[2].strip()


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


_TEXT = """\
# The policy of envbuilder: what models may use. Every line that is commented out shows the default.
# It is read from the folder where envbuilder runs (never from a model), or from --policy FILE.
#
# "deny" makes an error of what a key is about, "warn" a warning, "allow" a note.
#
# Editors complete and check this file by its schema: write it with
# `envbuilder init --schema > envbuilder.schema.json`, and make this the first line:
# `#:schema ./envbuilder.schema.json`

[channels]
# restricted = "deny"          # Anaconda's licensed channels, by whatever name or URL
# implicit-defaults = "warn"   # channels without nodefaults, to which conda adds its own
# The only channels that may be left after rewriting; an empty list: any.
{channels}
# [channels.mirrors]           # where to fetch a channel's packages instead, in order; locks keep the channel's URLs
# conda-forge = ["https://mirror.example.org/conda-forge"]

[conda]
# engine = "auto"              # models that a virtual environment cannot serve get a conda environment;
                               # "never": no model does, "always": every model
# cuda = "12.1"                # the CUDA version of the machines that models run on; else what this host has

[python]
# order = ["host", "uv", "conda-forge"]   # where an interpreter comes from: the first way that leads to one

[sources]
# indexes = []                 # the package indexes to ask, in order; empty: the host's own
# url = "deny"                 # a requirement by URL
# vcs = "deny"                 # … from version control
# local = "deny"               # … by a path inside the model
# editable = "deny"            # … by -e

[builds]
# sdist = "locked"             # source distributions of the index, pinned by hash: "locked", "never",
                               # or a list of the packages that may be built (name, name==1.0, name<2)

[licenses]
# The licences that packages may have, by their SPDX identifiers. What is not allowed is denied;
# without a list licences are told, not judged.
{licenses}
# unknown = "warn"             # a package that says nothing usable
# ambiguous = "warn"           # … that says several things, or one that may mean several licences

[licenses.aliases]             # what ambiguous words mean, by your decision only (PEP 639 forbids to guess)
{aliases}

# A package (name, name==1.0, name<2) that may have other licences as well, until and including a day;
# from then on the entry is an error.
# [[licenses.exception]]
# package = "psycopg2-binary<3"
# allow = ["LGPL-3.0-or-later"]
# reason = "dynamically linked, LEGAL-231"
# until = 2030-06-30           # may be left out

# What the licence of a package is, for as long as its licence file is this one.
# [[licenses.clarify]]
# package = "catboost"
# expression = "Apache-2.0"
# license-file = {{ path = "LICENSE", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" }}

[pins]
# unpinned = "warn"            # a requirement that names no one version
# local-version = "warn"       # a version with a local label (+cu102), which no usual index has
# dummy-package = "warn"       # the dummy package sklearn
# python-end-of-life = "warn"  # a Python without security fixes

[levels]
# "pin/unpinned" = "note"      # how a finding is reported: "error", "warning", "note", or "allow" (not at all);
                               # goes before what the sections say; `envbuilder codes` lists the findings

[names]
# some-conda-package = "its-name-on-the-index"   # an empty text leaves the package out

[store]
# max-size = "50GB"            # what the store may take on the disk; checked after each build
# min-free = "5GB"             # what stays free on its disk
# max-age = "90d"              # how long an environment stays that nobody uses
"""
