"""How much a model's files may hold. Every limit is checked before a parser of others sees the text.

Real environment files stay below 10 kB, 303 lines and 135 characters a line.
"""

from __future__ import annotations

ENVIRONMENT_FILE_BYTES = 1024 * 1024
MLMODEL_BYTES = 8 * 1024 * 1024
"""A signature may describe thousands of columns."""

WHEEL_BYTES = 4 * 1024**3
"""Of one wheel or other archive in the model; hashed as a stream, never held in memory."""

TREE_FILES = 10_000
TREE_BYTES = 256 * 1024**2
"""Of a source tree in the model (``-e .``), whole: a package's source, not a model's weights."""

FILES = 64
"""Files read per model, includes counted each time they are named."""

DIRECTORY_ENTRIES = 10_000
PATH_CHARACTERS = 1024
LINKS = 8
"""Links followed on the way to one file."""

NAME_CHARACTERS = 128
VERSION_CHARACTERS = 128
VERSION_DIGITS = 19
"""Of one number of a version: what resolvers hold in 64 bits."""
URL_CHARACTERS = 2048
MARKER_CHARACTERS = 4096
LOGICAL_LINE_CHARACTERS = 64 * 1024
"""Hashes make lines long."""

DEPTH = 64
EXTRAS = 64
CLAUSES = 64
REQUIREMENTS = 5000
REQUIREMENT_CHARACTERS = 512 * 1024
"""Of all requirement lines of a model, hashes and comments left out: to read a marker takes time."""

ENVIRONMENT_NODES = 20_000
MLMODEL_NODES = 100_000
REFUSALS_PER_FILE = 50
