"""What may go wrong with a model that is named by a URI."""

from __future__ import annotations

from envbuilder.errors import EnvbuilderError


class RemoteError(EnvbuilderError):
    """A model could not be had from where its URI points. Secrets in what MLflow says are masked."""

    default_code = "remote/failed"
