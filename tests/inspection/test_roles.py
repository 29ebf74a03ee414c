"""What is close to a model's own bytes is known by its flavors."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.flavors import LIBRARIES
from envbuilder.inspection import roles
from envbuilder.inspection.roles import Role, roles_of
from envbuilder.reader.model import read_model


def spec_roles(folder: Path, flavors: str, requirements: str) -> dict[str, Role]:
    (folder / "MLmodel").write_text(f"flavors:\n{flavors}")
    (folder / "requirements.txt").write_text(requirements)
    return roles_of(read_model(folder))


@pytest.mark.parametrize(
    ("flavors", "name", "role"),
    [
        ("  sklearn: {}\n", "scikit-learn", Role.LIBRARY),
        ("  sklearn: {}\n", "numpy", Role.PICKLED),
        ("  pytorch: {}\n", "torch", Role.LIBRARY),
        ("  pytorch: {}\n", "cloudpickle", Role.PICKLED),
        ("  python_function: {loader_module: mlflow.pyfunc.model}\n", "cloudpickle", Role.PICKLED),
        ("  python_function: {loader_module: mlflow.sklearn}\n", "cloudpickle", Role.NAMED),
        ("  python_function: {loader_module: mlflow.sklearn}\n", "setuptools", Role.TOOL),
        ("  unknown: {}\n", "numpy", Role.NAMED),
    ],
)
def test_a_role(tmp_path: Path, flavors: str, name: str, role: Role) -> None:
    assert spec_roles(tmp_path, flavors, "cloudpickle\nnumpy\nsetuptools\n")[name] is role


def test_a_dependency_of_others_has_no_role_of_its_own(tmp_path: Path) -> None:
    assert "six" not in spec_roles(tmp_path, "  sklearn: {}\n", "numpy\n")


def test_every_flavor_of_the_table_is_one_that_has_a_library() -> None:
    assert roles._PICKLED_WITH.keys() <= LIBRARIES.keys()
