"""The whole stage on an index in memory: what is asked, what is recorded, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envbuilder.errors import InterpreterError, PolicyError, ResolveError
from envbuilder.findings import Effect, Fidelity, Origin, fidelity_of
from envbuilder.lock import LinkedArchive, Lock
from envbuilder.policy import Policy, Sources
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.resolver.engine import Answer, Failure, Question, Yanked
from envbuilder.resolver.resolution import resolve
from envbuilder.spec import CondaName, CondaRequirement, DirectReference, PypiName, ReferenceKind, Rewritten
from tests.resolver.toy import (
    Release,
    ToyCarrier,
    ToyEngine,
    ToyInterpreters,
    day,
    index,
    release,
    req,
    rewritten,
    sdist,
    wheel,
)

LOGGED = Request()


def locked(model: Rewritten, engine: ToyEngine, request: Request = LOGGED) -> Lock:
    return resolve(model, request=request, engine=engine, interpreters=ToyInterpreters())


def versions(lock: Lock) -> dict[str, str]:
    return {artifact.name: artifact.version for artifact in lock.artifacts}


def codes(lock: Lock) -> list[str]:
    return [change.code for change in lock.changes]


def test_the_logged_day_decides_and_one_question_is_enough() -> None:
    engine = index(six={**release("six", "1.15"), **release("six", "1.16", "2022-01-01")})
    lock = locked(rewritten("six"), engine)
    assert versions(lock) == {"pip": "1.0", "setuptools": "1.0", "six": "1.15", "wheel": "1.0"}
    assert lock.as_of == day("2021-06-01")
    assert lock.changes == ()
    assert lock.spec_id == "5" * 64
    assert lock.engine == "toy"
    assert len(engine.asked) == 1


def test_a_pin_that_was_taken_back_is_installed_and_told() -> None:
    engine = index(six=release("six", "1.15"))
    engine.yanked = (Yanked(name=PypiName("six"), version="1.15", reason="wrong files"),)
    lock = locked(rewritten("six==1.15"), engine)
    assert versions(lock)["six"] == "1.15"
    (change,) = lock.changes
    assert (change.code, change.effect, change.after) == ("pin/yanked", Effect.NONE, "six==1.15")
    assert "wrong files" in change.message
    assert change.origin
    assert fidelity_of(lock.changes) is Fidelity.EXACT


def test_now_means_no_date() -> None:
    engine = index(six={**release("six", "1.15"), **release("six", "1.16", "2022-01-01")})
    lock = locked(rewritten("six"), engine, Request(as_of="now"))
    assert versions(lock)["six"] == "1.16"
    assert lock.as_of is None


def test_a_day_of_the_request_wins() -> None:
    engine = index(six={**release("six", "1.15"), **release("six", "1.16", "2022-01-01")})
    lock = locked(rewritten("six"), engine, Request(as_of=day("2023-01-01")))
    assert versions(lock)["six"] == "1.16"


def test_a_younger_pin_raises_the_day_even_when_strict() -> None:
    engine = index(six={**release("six", "1.16", "2022-01-01"), **release("six", "1.17", "2023-01-01")})
    lock = locked(rewritten("six==1.16"), engine, Request(strict=True))
    assert codes(lock) == ["date/raised"]
    assert lock.as_of == day("2022-01-01T01:00:00")
    assert fidelity_of(lock.changes) is Fidelity.EXACT


def test_a_build_dependency_raises_the_day_too() -> None:
    engine = index(six=release("six", "1.16"))
    model = rewritten("six==1.16", seeds=(req("setuptools==9.0", file="python_env.yaml"),))
    lock = locked(model, engine)
    assert versions(lock)["setuptools"] == "9.0"
    assert codes(lock) == ["date/raised"]


def test_without_a_date_the_newest_pin_stands_for_it() -> None:
    engine = index(
        six=release("six", "1.16", "2022-01-01"),
        idna={**release("idna", "3", "2021-01-01"), **release("idna", "4", "2023-01-01")},
    )
    lock = locked(rewritten("six==1.16", "idna", created=None), engine)
    assert versions(lock)["idna"] == "3"
    assert codes(lock) == ["date/guessed"]


def test_without_date_and_pins_it_is_today() -> None:
    engine = index(idna={**release("idna", "3"), **release("idna", "4", "2023-01-01")})
    lock = locked(rewritten("idna", created=None), engine)
    assert versions(lock)["idna"] == "4"
    assert codes(lock) == ["date/none"]
    assert lock.as_of is None


def test_an_explicit_setuptools_wins_over_the_seed() -> None:
    engine = index()
    model = rewritten("setuptools==1.0", seeds=(req("setuptools==9.0", file="python_env.yaml"),))
    assert versions(locked(model, engine))["setuptools"] == "1.0"


def test_a_seed_that_is_gone_becomes_any_of_the_day() -> None:
    engine = index(six=release("six", "1.16"))
    lock = locked(rewritten("six==1.16", seeds=(req("pip==3.3", file="python_env.yaml", line=4),)), engine)
    assert versions(lock)["pip"] == "1.0"
    (change,) = lock.changes
    assert (change.code, change.effect, str(change.origin)) == (
        "pin/seed", Effect.DEGRADED, "python_env.yaml:4:1",
    )  # fmt: skip


def test_another_patch_release_is_told() -> None:
    lock = locked(rewritten("pip", python=("3.8.8",)), index())
    (change,) = lock.changes
    assert (change.code, change.before, change.after) == ("python/patch", "3.8.8", "3.8.18")
    assert change.effect is Effect.ADAPTED


def test_strict_refuses_another_patch_release() -> None:
    with pytest.raises(InterpreterError, match=r"3\.8\.8 is not at hand") as caught:
        locked(rewritten("pip", python=("3.8.8",)), index(), Request(strict=True))
    assert caught.value.code == "python/patch"


def test_pins_for_another_python_move_to_the_one_another_file_names() -> None:
    engine = index(tf=release("tf", "2.0", python="<3.8"))
    lock = locked(rewritten("tf==2.0", python=("3.9.18", "3.7.16")), engine)
    assert lock.target.python == "3.7.16"
    (change,) = lock.changes
    assert (change.code, change.effect, change.before) == ("python/other", Effect.ADAPTED, "3.9.18")
    assert change.message == "tf cannot be had for python 3.9.18; 3.7.16 is used, as file1:1 says"


def test_pins_for_another_python_move_to_the_nearest_that_does() -> None:
    engine = index(tf=release("tf", "2.0", python=">=3.9"))
    lock = locked(rewritten("tf==2.0"), engine)
    assert lock.target.python == "3.9.18"
    assert fidelity_of(lock.changes) is Fidelity.DEGRADED


def test_a_python_younger_than_the_model_did_not_log_it() -> None:
    lock = locked(rewritten("pip", python=("3.12", "3.8.18")), index())
    assert lock.target.python == "3.8.18"
    assert codes(lock) == ["python/anachronism"]


def test_where_files_disagree_the_python_with_wheels_is_the_true_one() -> None:
    engine = index()
    source = Release(files=(sdist("np", "1.0"),))
    compiled = Release(files=(wheel("np", "1.0", "cp37-cp37m-manylinux1_x86_64"), sdist("np", "1.0")))
    engine.releases["np"] = {"1.0": compiled}
    lock = locked(rewritten("np==1.0", python=("3.8.18", "3.7.16")), engine)
    assert lock.target.python == "3.7.16"
    assert codes(lock) == ["python/other"]
    engine.releases["np"] = {"1.0": source}
    lock = locked(rewritten("np==1.0", python=("3.8.18", "3.7.16")), engine)
    assert lock.target.python == "3.8.18"
    assert codes(lock) == ["build/from-source"]


def test_a_windows_package_is_left_out() -> None:
    engine = index(pywin32=release("pywin32", "300", platforms=("win32", "win_amd64")))
    lock = locked(rewritten("pip", "pywin32==300"), engine)
    assert "pywin32" not in versions(lock)
    (change,) = lock.changes
    assert (change.code, change.effect) == ("pin/other-platform", Effect.DEGRADED)
    assert change.message == "pywin32==300 is left out: its files are for win32, win_amd64 only"


def test_a_package_with_wheels_for_a_newer_linux_is_not_left_out() -> None:
    engine = index(torch=release("torch", "2.9", platforms=("manylinux_2_99_x86_64",)))
    with pytest.raises(ResolveError, match=r"torch==2\.9"):
        locked(rewritten("torch==2.9"), engine)


def test_a_vanished_release_becomes_the_nearest() -> None:
    engine = index(lib={**release("lib", "1.1.5"), **release("lib", "1.2.0"), **release("lib", "2.0.0")})
    lock = locked(rewritten("lib==1.2.7"), engine)
    assert versions(lock)["lib"] == "1.2.0"
    (change,) = lock.changes
    assert (change.code, change.effect) == ("pin/vanished", Effect.DEGRADED)


def test_a_freeze_that_contradicts_itself_is_locked_as_it_was() -> None:
    engine = index(a=release("a", "1.0", requires=("b<2",)), b={**release("b", "1.0"), **release("b", "2.0")})
    lock = locked(rewritten("a==1.0", "b==2.0"), engine)
    assert versions(lock)["b"] == "2.0"
    assert codes(lock) == ["pin/contradiction"]
    assert fidelity_of(lock.changes) is Fidelity.EXACT


def test_what_only_another_file_names_may_be_left_out() -> None:
    engine = index(lib=release("lib", "1.0", python=">=3.11"))
    model = rewritten(pypi=(req("pip"), req("lib==1.0", file="conda.yaml", primary=False)))
    lock = locked(model, engine)
    assert codes(lock) == ["pin/secondary"]
    assert lock.target.python == "3.8.18"


def test_a_newcomer_without_a_release_of_the_day_is_exempt() -> None:
    engine = index(new=release("new", "1.0", "2024-01-01"), six=release("six", "1.16"))
    lock = locked(rewritten("six==1.16", "new"), engine)
    assert codes(lock) == ["date/exempt"]
    assert lock.as_of == day("2021-06-01")


def test_a_broken_release_that_nobody_pinned_is_passed_over() -> None:
    engine = index(lib={**release("lib", "1.0"), **release("lib", "1.1", broken=True)})
    lock = locked(rewritten("lib"), engine)
    assert versions(lock)["lib"] == "1.0"
    assert codes(lock) == ["build/unreadable"]


def test_what_two_pins_disagree_about_is_of_the_day() -> None:
    engine = index(
        a=release("a", "1.0", requires=("c<2",)), b=release("b", "1.0", requires=("c>=2",)),
        c={**release("c", "1.0"), **release("c", "2.0"), **release("c", "3.0", "2023-01-01")},
    )  # fmt: skip
    contested = Contested(engine.releases)
    lock = locked(rewritten("a==1.0", "b==1.0"), contested)
    assert versions(lock)["c"] == "2.0"
    assert codes(lock) == ["pin/contested"]


class Contested(ToyEngine):
    """Tells a disagreement about c as uv does: without saying what it lacks."""

    def solve(self, question: Question) -> Answer:
        answer = super().solve(question)
        return replace(answer, lack=None) if isinstance(answer, Failure) else answer


def test_a_whole_environment_that_does_not_fit_is_taken_as_it_stands() -> None:
    names = [f"lib{i}" for i in range(60)]
    engine = index(
        **{name: release(name, "1.0") for name in names}, odd=release("odd", "1.0", requires=("gone",))
    )
    lock = locked(rewritten("odd==1.0", *(f"{name}==1.0" for name in names)), engine)
    assert codes(lock) == ["pin/freeze"]
    with pytest.raises(ResolveError):
        locked(rewritten("odd==1.0", *(f"{name}==1.0" for name in names[:50])), engine)


def test_a_python_younger_than_all_pins_stands_for_the_date() -> None:
    engine = index(six={**release("six", "1.16"), **release("six", "1.17", "2024-09-01")})
    lock = locked(rewritten("six==1.16", python=("3.12.1",), created=None), engine)
    assert lock.as_of == day("2024-10-01")
    assert "python 3.12 is younger than its pins" in lock.changes[0].message


def test_strict_takes_no_step_and_says_which_would_help() -> None:
    engine = index(a=release("a", "1.0", requires=("b<2",)), b={**release("b", "1.0"), **release("b", "2.0")})
    with pytest.raises(ResolveError, match="the pins win") as caught:
        locked(rewritten("a==1.0", "b==2.0"), engine, Request(strict=True))
    assert caught.value.code == "resolve/strict"


def test_the_error_names_the_lines_at_fault() -> None:
    with pytest.raises(ResolveError) as caught:
        locked(rewritten("pip", "no-such-lib==1.0"), index())
    error = caught.value
    assert error.requirements == ((Origin(file="requirements.txt", line=2, column=1), "no-such-lib==1.0"),)
    assert str(error) == (
        "resolve/no-solution: requirements.txt:2:1 nothing in the index satisfies: no-such-lib==1.0\n"
        "no-such-lib==1.0 cannot be had\n"
        "hint: add the index that has it to the policy's [sources] indexes, or remove the line"
    )


def test_the_ladder_asks_a_bounded_number_of_questions() -> None:
    engine = index(a=release("a", "1.0", requires=("gone",)))
    with pytest.raises(ResolveError):
        locked(rewritten("a==1.0"), engine)
    assert len(engine.asked) < 12


def test_a_younger_file_slips_past_no_one() -> None:
    class Forgetful(ToyEngine):
        def solve(self, question):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return super().solve(replace(question, cutoff=None))

    engine = Forgetful(index(six=release("six", "1.16", "2022-01-01")).releases)
    assert codes(locked(rewritten("six"), engine)) == ["date/exempt"]


def test_files_without_upload_times_are_named() -> None:
    engine = index(six=release("six", "1.16", None))
    (change,) = locked(rewritten("six==1.16"), engine).changes
    assert change.code == "date/unverified"
    assert "six" in change.message


def test_hashes_of_a_requirement_hold() -> None:
    good = wheel("six", "1.16")
    engine = index(six=release("six", "1.16"))
    model = rewritten(pypi=(replace(req("six==1.16"), hashes=(f"sha256:{good.sha256}",)),))
    assert versions(locked(model, engine))["six"] == "1.16"
    model = rewritten(pypi=(replace(req("six==1.16"), hashes=("sha256:" + "0" * 64,)),))
    with pytest.raises(ResolveError, match=r"six==1\.16"):
        locked(model, engine)


def test_conda_leftovers_are_an_error_with_their_lines() -> None:
    origin = Origin(file="conda.yaml", line=7, column=3)
    left = CondaRequirement(name=CondaName("r-base"), text="r-base=4.1", origin=origin)
    with pytest.raises(ResolveError, match="r-base: conda packages without a known counterpart") as caught:
        locked(rewritten("pip", conda=(left,)), index())
    assert caught.value.code == "resolve/conda-only"
    assert caught.value.requirements == ((origin, "r-base=4.1"),)
    assert "[names] r-base" in caught.value.hint


def test_direct_references_need_the_policy() -> None:
    reference = DirectReference(
        name=PypiName("x"), kind=ReferenceKind.ARCHIVE, url=SafeUrl("https://me:pw@example.org/x-1.whl"),
        origin=Origin(file="requirements.txt", line=3),
    )  # fmt: skip
    engine = index()
    with pytest.raises(PolicyError, match=r"https://\*\*\*\*@example\.org/x-1\.whl") as caught:
        locked(rewritten("pip", direct=(reference,)), engine)
    assert caught.value.code == "source/direct-url"
    assert '[sources] url = "allow"' in caught.value.hint
    assert engine.asked == []


def test_an_open_policy_admits_an_archive_with_its_digest_only() -> None:
    six = wheel("six", "1.16", uploaded=None)
    reference = DirectReference(
        name=PypiName("six"), kind=ReferenceKind.ARCHIVE, url=six.url, digest=f"sha256:{six.sha256}",
        origin=Origin(file="requirements.txt", line=3),
    )  # fmt: skip
    policy = Policy(sources=Sources(url="allow"))

    def lock(direct: DirectReference) -> Lock:
        engine = index(six=release("six", "1.16", None))
        return resolve(
            rewritten("pip", direct=(direct,)), request=LOGGED, engine=engine,
            interpreters=ToyInterpreters(), carrier=ToyCarrier(replace(six, source=LinkedArchive())), policy=policy,
        )  # fmt: skip

    assert next(a.sha256 for a in lock(reference).artifacts if a.name == "six") == six.sha256
    assert codes(lock(reference)) == ["source/direct-url"]
    other = replace(six, sha256="0" * 64)
    with pytest.raises(ResolveError):
        resolve(
            rewritten("pip", direct=(reference,)), request=LOGGED, engine=index(six=release("six", "1.16", None)),
            interpreters=ToyInterpreters(), carrier=ToyCarrier(other), policy=policy,
        )  # fmt: skip
    for odd in (replace(reference, digest=""), replace(reference, digest="sha512:" + "0" * 128)):
        with pytest.raises(PolicyError):
            lock(odd)
