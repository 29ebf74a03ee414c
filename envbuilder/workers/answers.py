"""What a child may say. It runs the model's code, so nothing that it sends is taken for granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

Stage: TypeAlias = Literal["load", "receive", "call", "return"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """The model is loaded."""

    python: str
    """The version of the Python that it lives in."""
    mlflow: str
    """The version of the MLflow that loaded it."""
    takes_params: bool
    """Whether its ``predict`` knows of params."""
    arrow: bool
    """Whether it has loaded a pyarrow that texts can be sent with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A prediction, as a tree that is not read yet."""

    tree: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """Something raised: while loading, reading what was sent, predicting, or packing the prediction."""

    stage: Stage
    type_name: str
    message: str
    traceback: str


def read_answer(head: Any) -> Ready | Value | Raised:
    """Read the head of a child's frame. Raises ValueError."""
    match head:
        case {"kind": "value", "value": tree}:
            return Value(tree=tree)
        case {
            "kind": "ready",
            "python": str(python),
            "mlflow": str(mlflow),
            "params": bool(params),
            "arrow": bool(arrow),
        }:
            return Ready(python=python[:64], mlflow=mlflow[:64], takes_params=params, arrow=arrow)
        case {
            "kind": "raised",
            "stage": "load" | "receive" | "call" | "return" as stage,
            "type": str(type_name), "message": str(message), "traceback": str(traceback),
        }:  # fmt: skip
            return Raised(
                stage=cast("Stage", stage),
                type_name=type_name[:200],
                message=message,
                traceback=traceback[-65536:],
            )
    raise ValueError("no answer")
