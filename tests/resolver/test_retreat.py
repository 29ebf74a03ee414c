"""Releases with wheels before older ones without: numba and numpy, sqlalchemy and mlflow."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.lock import Lock
from envbuilder.request import Request
from envbuilder.resolver.engine import Answer, Failure, FailureKind, Question
from envbuilder.resolver.resolution import resolve
from tests.resolver.toy import Release, ToyEngine, ToyInterpreters, index, release, rewritten, sdist, wheel

TAG = "cp38-cp38-manylinux1_x86_64"


class Retreating(ToyEngine):
    """Walks numba back to its first release unless it must not be built."""

    def solve(self, question: Question) -> Answer:
        if question.dependencies and "numba" not in question.wheels_only:
            question = replace(question, constraints=(*question.constraints, "numba==0.53"))
        return super().solve(question)


def numba(*younger: str) -> dict[str, Release]:
    old = Release(files=(sdist("numba", "0.53"),))
    return {"0.53": old} | {v: Release(files=(wheel("numba", v, TAG),)) for v in younger}


def locked(engine: ToyEngine) -> Lock:
    return resolve(rewritten("shap"), request=Request(), engine=engine, interpreters=ToyInterpreters())


def version(lock: Lock, name: str) -> str:
    return next(artifact.version for artifact in lock.artifacts if artifact.name == name)


def test_a_younger_release_with_a_compiled_wheel_is_taken() -> None:
    engine = Retreating(index(shap=release("shap", "1.0", requires=("numba",)), numba=numba("0.56")).releases)
    lock = locked(engine)
    assert version(lock, "numba") == "0.56"
    assert [change.code for change in lock.changes] == ["build/avoided"]
    assert len(engine.asked) == 3


def test_a_package_without_wheels_is_built() -> None:
    engine = Retreating(index(shap=release("shap", "1.0", requires=("numba",)), numba=numba()).releases)
    lock = locked(engine)
    assert version(lock, "numba") == "0.53"
    assert [change.code for change in lock.changes] == ["build/from-source"]
    assert len(engine.asked) == 2


def test_pure_python_is_built_without_a_second_thought() -> None:
    some = numba() | {"0.56": Release(files=(wheel("numba", "0.56"),))}
    engine = Retreating(index(shap=release("shap", "1.0", requires=("numba",)), numba=some).releases)
    assert version(locked(engine), "numba") == "0.53"


def test_what_the_model_names_does_not_get_older_for_it() -> None:
    shap = release("shap", "1.0") | release("shap", "2.0", requires=("numba==0.53",))
    engine = Retreating(index(shap=shap, numba=numba("0.56")).releases)
    lock = locked(engine)
    assert (version(lock, "shap"), version(lock, "numba")) == ("2.0", "0.53")
    assert "shap>=2.0" in engine.asked[-1].constraints
    assert [change.code for change in lock.changes] == ["build/from-source"]


def test_the_package_that_has_to_be_built_does_not_keep_the_others_back() -> None:
    class Two(Retreating):
        def solve(self, question: Question) -> Answer:
            if "sqlalchemy" in question.wheels_only:
                self.asked.append(question)
                return Failure(kind=FailureKind.NO_SOLUTION, text="", packages=question.wheels_only[1:])
            if question.dependencies:
                question = replace(question, constraints=(*question.constraints, "sqlalchemy==1.3"))
            return super().solve(question)

    alchemy = {"1.3": Release(files=(sdist("sqlalchemy", "1.3"),))}
    alchemy["1.4"] = Release(files=(wheel("sqlalchemy", "1.4", TAG),))
    shap = release("shap", "1.0", requires=("numba", "sqlalchemy"))
    lock = locked(Two(index(shap=shap, numba=numba("0.56"), sqlalchemy=alchemy).releases))
    assert (version(lock, "numba"), version(lock, "sqlalchemy")) == ("0.56", "1.3")
