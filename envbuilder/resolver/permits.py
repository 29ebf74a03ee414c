"""What a policy's list of source builds means for engines, none of which knows such a list.

Both take ``--no-binary NAME`` for an exception from ``--only-binary :all:``. A version they do not take there, so
it is asked for by a constraint: no other release of that name is built, not even to read its metadata.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from envbuilder.resolver.engine import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envbuilder.policy import Builds
    from envbuilder.resolver.engine import Question
    from envbuilder.spec import PypiName

MOST = 8
"""How often an engine is asked again; each is a run."""

T = TypeVar("T")


def with_permits(
    question: Question, builds: Builds, ask: Callable[[Question, tuple[PypiName, ...]], T | Failure]
) -> T | Failure:
    """Ask for wheels alone, then again with the listed packages that a failure names taken from source.

    ``ask`` gets the question and the names to take from source. An engine names what failed first, so the next
    failure may name others.
    """
    answer = ask(question, ())
    asked: tuple[Question, tuple[PypiName, ...]] = (question, ())
    waiting: Iterator[tuple[Question, tuple[PypiName, ...]]] = iter(())
    for _ in range(MOST):
        if not isinstance(answer, Failure):
            break
        waiting = itertools.chain(_permitted(*asked, answer, builds), waiting)
        following = next(waiting, None)
        if following is None:
            break
        asked = following
        answer = ask(*asked)
    return answer


def _permitted(
    question: Question, sources: tuple[PypiName, ...], failure: Failure, builds: Builds
) -> Iterator[tuple[Question, tuple[PypiName, ...]]]:
    """Yield the question with each choice of listed releases of what failed."""
    named = [name for name in failure.packages if name not in sources]
    listed = {name: [p.specifier for p in builds.listed if p.name == name] for name in named}
    listed = {name: [""] if "" in found else found for name, found in listed.items() if found}
    if not listed:
        return
    for chosen in itertools.product(*listed.values()):
        lines = tuple(f"{name}{text}" for name, text in zip(listed, chosen, strict=True) if text)
        yield replace(question, constraints=(*question.constraints, *lines)), (*sources, *listed)
