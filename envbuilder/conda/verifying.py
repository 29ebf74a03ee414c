"""The proof that solved packages are of the day, whatever the solver promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.dating import rfc3339

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Sequence

    from envbuilder.lock import CondaPackage
    from envbuilder.spec import CondaName


def verify(
    packages: Sequence[CondaPackage], cutoff: datetime.datetime | None, exempt: Collection[CondaName]
) -> tuple[Change, ...]:
    """Return a change that names the packages whose channel gives no time. Raises ResolveError if one is younger."""
    if cutoff is None:
        return ()
    late = [p for p in packages if p.built and p.built > cutoff and p.name not in exempt]
    if late:
        names = ", ".join(f"{p.name} {p.version}" for p in late)
        raise ResolveError(
            f"{names} came out after {rfc3339(cutoff)}, though the solver was told that day",
            code="date/violated",
            hint="use --as-of now to do without a date",
        )
    unknown = ", ".join(p.name for p in packages if p.built is None)
    if not unknown:
        return ()
    return (
        Change(
            code="date/unverified",
            message=f"the channels give no time for {unknown}; they may be of any day",
            effect=Effect.NONE,
        ),
    )
