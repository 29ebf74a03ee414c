"""What is tried when the model's own day gives no lock: one ladder of small steps, each one recorded.

The steps, in order. Those of ``MENDING`` are told by one look at the model's pins alone and are taken
together before the engine is asked again; those of ``LOOSENING`` are taken one at a time.

1.  A pin of pip, setuptools or wheel cannot be had: any release of the day.
2.  A pin needs another Python: another file's wish, else the nearest minor version that all failing pins
    accept.
3.  A pin that only another file of the model names cannot be had: dropped.
4.  A pin exists for other operating systems only: dropped.
5.  A pinned release has vanished: the newest one of its series, else the nearest older one.
6.  A pin is younger than the day: the day moves to the newest pin. This is what "the logged day" means for a
    model whose files were edited after it was logged, so ``--strict`` allows it.
7.  A package that nobody pinned has no release of the day: any.
8.  A release cannot be read because its build fails: another one.
9.  The pins contradict what packages say of each other (a freeze): the pins win.
10. The pins disagree about a package that nobody pinned: the newest of the day.
11. Prereleases are allowed.
12. The packages at fault are exempt from the day.
13. The model pins everything: its list is taken as it stands, without looking at dependencies.
14. The day is given up.

Besides, envbuilder.resolver.climb tries the other Pythons that files name where the first one's lock has to
build pins from source, and envbuilder.resolver.retreat prefers releases with wheels to older ones without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.resolver import loosening, mending

if TYPE_CHECKING:
    from envbuilder.resolver.attempt import Attempt
    from envbuilder.resolver.situation import Situation, Step

MENDING: tuple[Step, ...] = (
    mending.relax_seeds,
    mending.other_python,
    mending.drop_secondary,
    mending.drop_foreign,
    mending.replace_vanished,
    mending.raise_cutoff,
)
LOOSENING: tuple[Step, ...] = (
    loosening.exempt_newcomers,
    loosening.avoid_unbuildable,
    loosening.let_pins_win,
    loosening.settle_contested,
    loosening.allow_prereleases,
    loosening.exempt_culprits,
    loosening.take_freeze,
    loosening.forget_day,
)


def mended(attempt: Attempt, situation: Situation) -> Attempt:
    """Return the attempt after all steps that a look at the pins suggests; the same if there are none."""
    for step in MENDING:
        attempt = step(attempt, situation) or attempt
    return attempt


def loosened(attempt: Attempt, situation: Situation) -> Attempt | None:
    """Return the attempt after the next step that has something to offer; None at the ladder's end."""
    for step in LOOSENING:
        better = step(attempt, situation)
        if better is not None:
            return better
    return None
