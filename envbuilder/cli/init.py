"""``envbuilder init``."""

from __future__ import annotations

from pathlib import Path

import click

from envbuilder.errors import UsageError
from envbuilder.policyfile import FILE

POLICY = """\
# The policy of envbuilder: what models may use. Every line that is commented out shows the default.
# It is read from the folder where envbuilder runs (never from a model), or from --policy FILE.

[sources]
# indexes = []                 # the package indexes to ask, in order; empty: the host's own
# url = "deny"                 # a requirement by URL: "deny", "warn" or "allow"
# vcs = "deny"                 # … from version control
# local = "deny"               # … by a path inside the model
# editable = "deny"            # … by -e

[builds]
# sdist = "locked"             # source distributions of the index, pinned by hash: "locked", "never",
                               # or a list of the package names that may be built

[store]
# max-size = "50GB"            # what the store may take on the disk; checked after each build
# min-free = "5GB"             # what stays free on its disk
# max-age = "90d"              # how long an environment stays that nobody uses

[levels]
# "pin/unpinned" = "note"      # how a finding is reported: "error", "warning", "note", or "allow" (not at all)

[names]
# some-conda-package = "its-name-on-the-index"   # an empty text leaves the package out
"""


@click.command("init")
@click.option("--force", is_flag=True, help="Replace a policy that is already there.")
def init_command(*, force: bool) -> None:
    """Write a commented policy, envbuilder.toml, into this folder."""
    try:
        path = Path.cwd() / FILE
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(POLICY)
    except FileExistsError:
        raise UsageError(f"{FILE} is already there", hint="edit it, or replace it with --force") from None
    except OSError as error:
        raise UsageError(
            f"{FILE} cannot be written here: {(error.strerror or str(error)).lower()}",
            hint="go to a folder of yours",
        ) from error
    click.echo(str(path))
