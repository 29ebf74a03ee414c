"""A list of source builds, asked of an engine that only knows names."""

from __future__ import annotations

from envbuilder.policy import Builds
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.resolver.engine import Failure, FailureKind, Question
from envbuilder.resolver.permits import MOST, with_permits
from envbuilder.spec import PypiName
from tests.resolver.toy import LINUX

QUESTION = Question(requirements=("a", "b"), target=LINUX, constraints=("c<2",))


class Asked:
    """Fails for want of ``a``, then of ``b``, until both are sources and the constraints hold."""

    def __init__(self, *needed: str) -> None:
        self.needed = needed
        self.calls: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def __call__(self, question: Question, sources: tuple[PypiName, ...]) -> str | Failure:
        self.calls.append((question.constraints[1:], sources))
        lacking = [PypiName(name) for name in ("a", "b") if name not in sources]
        if not lacking and set(self.needed) <= set(question.constraints):
            return "solved"
        return Failure(kind=FailureKind.NO_SOLUTION, text="no", packages=tuple(lacking[:1]))


def builds(*texts: str) -> Builds:
    return Builds(sdist=tuple(map(read_pattern, texts)))


def test_one_failure_after_the_other_is_mended() -> None:
    asked = Asked()
    assert with_permits(QUESTION, builds("a", "b", "other"), asked) == "solved"
    assert asked.calls == [((), ()), ((), ("a",)), ((), ("a", "b"))]


def test_what_is_not_listed_stays_a_failure() -> None:
    for policy in (builds("a"), builds("other"), Builds(sdist="never"), Builds()):
        asked = Asked()
        assert isinstance(with_permits(QUESTION, policy, asked), Failure)
        assert all("b" not in sources for _, sources in asked.calls)


def test_each_listed_release_is_tried_and_no_other() -> None:
    asked = Asked("a==2")
    assert with_permits(QUESTION, builds("a==1", "a==2", "b<3"), asked) == "solved"
    assert asked.calls[-1] == (("a==2", "b<3"), ("a", "b"))
    assert all("a" not in sources or constraints for constraints, sources in asked.calls)


def test_a_long_list_ends() -> None:
    asked = Asked("a==99")
    many = builds(*(f"a=={number}" for number in range(50)), "b")
    assert isinstance(with_permits(QUESTION, many, asked), Failure)
    assert len(asked.calls) == MOST + 1
