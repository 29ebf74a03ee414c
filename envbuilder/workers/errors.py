"""What may go wrong with a model in a child process."""

from __future__ import annotations

from envbuilder.errors import EnvbuilderError


class WorkerError(EnvbuilderError):
    """The model's process could not do what was asked."""

    default_code = "worker/failed"


class WorkerCrashed(WorkerError):
    """The process ended by itself. ``detail`` has the end of its log; the next call gets a new process."""

    default_code = "worker/crashed"


class WorkerTimeout(WorkerError):
    """The process did not answer in time and was ended; the next call gets a new one."""

    default_code = "worker/timeout"


class WorkerValueError(WorkerError):
    """A value cannot be carried to the model's process or back; the message says which."""

    default_code = "worker/values"


class ModelError(WorkerError):
    """The model's own code raised. ``type_name`` is the class there; ``traceback`` is the child's, as text."""

    default_code = "worker/raised"

    def __init__(
        self, message: str, *, type_name: str, detail: str, code: str | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, code=code, hint=hint, detail=detail)
        self.type_name = type_name

    @property
    def traceback(self) -> str:
        """The traceback in the child."""
        return self.detail
