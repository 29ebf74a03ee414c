"""The child's side: load the model, answer calls until the host lets go, and die with it."""

import os
import sys
import threading
import traceback
from typing import Any

from . import values, wire


def serve(descriptor: Any, lifeline: Any, model: Any) -> Any:
    """Answer calls on a socket's descriptor; ``lifeline`` is a pipe's end that closes when the host dies."""
    threading.Thread(target=_die_with_host, args=(lifeline,), daemon=True).start()
    stream = os.fdopen(descriptor, "r+b", buffering=0)
    try:
        loaded = _load(stream, model)
        while loaded is not None:
            head, buffers = wire.receive(stream)
            _answer(stream, loaded, head, buffers)
    except wire.Closed:
        pass


def _die_with_host(lifeline: Any) -> Any:
    os.read(lifeline, 1)
    os._exit(70)  # the model may be in the middle of anything, and nobody waits for it any more


def _load(stream: Any, model: Any) -> Any:
    try:
        import mlflow.pyfunc

        loaded = mlflow.pyfunc.load_model(model)
    except BaseException as error:
        wire.send(stream, _failure("load", error))
        return None
    wire.send(stream, {"kind": "ready", "python": list(sys.version_info[:3]), "metadata": _metadata(loaded)})
    return loaded


def _metadata(loaded: Any) -> Any:
    """Return what MLflow says of the model, as far as JSON can say it."""
    found = getattr(loaded, "metadata", None) or getattr(loaded, "_model_meta", None)
    signature = getattr(found, "signature", None)
    told = {
        "run_id": getattr(found, "run_id", None),
        "mlflow_version": getattr(found, "mlflow_version", None),
        "utc_time_created": str(getattr(found, "utc_time_created", None)),
        "flavors": sorted(getattr(found, "flavors", None) or {}),
    }
    told["signature"] = signature.to_dict() if signature is not None else None
    return told


def _answer(stream: Any, loaded: Any, head: Any, buffers: Any) -> Any:
    try:
        data, params = values.unpack(head["call"], buffers)
        result = loaded.predict(data) if params is None else loaded.predict(data, params=params)
        tree, made = values.pack(result)
    except BaseException as error:
        wire.send(stream, _failure("call", error))
        return
    wire.send(stream, {"kind": "value", "value": tree}, made)


def _failure(stage: Any, error: Any) -> Any:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {
        "kind": "raised",
        "stage": stage,
        "type": "{}.{}".format(type(error).__module__, type(error).__name__),
        "message": str(error),
        "traceback": "".join(lines),
        "unsupported": isinstance(error, values.Unsupported),
    }
