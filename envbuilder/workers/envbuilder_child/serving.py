"""The child's side: load the model, answer calls until the host lets go, and die with it."""

import inspect
import socket
import sys
import traceback
from typing import Any

from . import arrow, lifeline, values, wire
from .faults import Closed, Unsupported


def serve(descriptor: int, line: int, model: str) -> None:
    """Answer calls on a socket's descriptor; ``line`` is a pipe's end that closes when the host dies."""
    lifeline.hold(line)
    connection = socket.fromfd(descriptor, socket.AF_UNIX, socket.SOCK_STREAM)
    socket.socket(fileno=descriptor).close()  # what the model starts must not hold our connection open
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, wire.ON_THE_WAY)
    reader = wire.Reader(connection.recv_into)
    try:
        loaded = _load(connection.sendall, model)
        while loaded is not None:
            _answer(connection.sendall, loaded, *reader.frame())
    except (Closed, BrokenPipeError, ConnectionResetError):
        pass


def _load(write: Any, model: str) -> Any:
    try:
        import mlflow
        from mlflow import pyfunc

        # Before MLflow 1.0 the function had another name.
        loaded = (getattr(pyfunc, "load_model", None) or pyfunc.load_pyfunc)(model)
        told = {
            "kind": "ready",
            "python": ".".join(map(str, sys.version_info[:3])),
            "mlflow": str(getattr(mlflow, "__version__", "")),
            "params": _takes_params(loaded),
            "arrow": arrow.library() is not None,
        }
    except BaseException as error:
        wire.send(write, _failure("load", error))
        return None
    wire.send(write, told)
    return loaded


def _takes_params(loaded: Any) -> bool:
    try:
        return "params" in inspect.signature(loaded.predict).parameters
    except (TypeError, ValueError):
        return False


def _answer(write: Any, loaded: Any, head: Any, buffers: Any) -> None:
    stage = "receive"
    try:
        data, params = values.unpack(head["call"], buffers)
        stage = "call"
        if head.get("document"):
            from . import documents

            result = documents.predict(loaded, data, *params)
        else:
            result = loaded.predict(data) if params is None else loaded.predict(data, params=params)
        stage = "return"
        tree, made = values.pack(result, head["arrow"])
    except BaseException as error:
        wire.send(write, _failure(stage, error))
        return
    wire.send(write, {"kind": "value", "value": tree}, made)


LONGEST = 1 << 16
"""Characters of a message or a traceback that are sent; the end of a traceback says most."""


def _failure(stage: str, error: BaseException) -> Any:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    try:
        message = str(error)
    except Exception:
        message = "(its text cannot be made)"
    return {
        "kind": "raised",
        "stage": stage if stage != "return" or isinstance(error, Unsupported) else "call",
        "type": "{}.{}".format(type(error).__module__, type(error).__qualname__),
        "message": message[:LONGEST],
        "traceback": "".join(lines)[-LONGEST:],
    }
