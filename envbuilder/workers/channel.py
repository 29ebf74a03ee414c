"""The host's end of the connection to a child: every wait has an end, and a dead child ends it too."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import time
from typing import Any, Final

from envbuilder.workers.envbuilder_child import wire
from envbuilder.workers.envbuilder_child.faults import Closed

TICK: Final = 0.5
"""Seconds between two looks at a child where the system has no descriptor for it."""

_NO_SIGNAL: Final = getattr(socket, "MSG_NOSIGNAL", 0)
"""A host may have set SIGPIPE back to deadly."""


class Channel:
    """Frames to and from one child. What the child started may hold its end: so the child is watched, too."""

    def __init__(self, ours: socket.socket, child: subprocess.Popen[Any]) -> None:
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, wire.ON_THE_WAY)
        self._socket = ours
        self._child = child
        self._process: int | None = None
        with contextlib.suppress(AttributeError, OSError):
            self._process = os.pidfd_open(child.pid)
        self._reading, self._writing = self._poller(select.POLLIN), self._poller(select.POLLOUT)
        self._reader = wire.Reader(self._receive)
        self._deadline: float | None = None
        self.whole = True
        """Whether all that was asked has been answered: nothing that comes can be told from half a frame's rest."""

    def _poller(self, event: int) -> select.poll:
        poller = select.poll()
        poller.register(self._socket, event)
        if self._process is not None:
            poller.register(self._process, select.POLLIN)
        return poller

    def ask(self, head: Any, buffers: Any, deadline: float | None) -> tuple[Any, list[Any]]:
        """Send a frame, if there is one, and return the next one.

        ``deadline`` is in monotonic seconds. Raises TimeoutError, Closed, OSError; ValueError for what is no
        frame. After any of them the channel is of no use any more.
        """
        self.whole = False
        self._deadline = deadline
        if head is not None:
            wire.send(self._write, head, buffers)
        answer: tuple[Any, list[Any]] = self._reader.frame()
        self.whole = True
        return answer

    def _write(self, view: memoryview) -> None:
        while view.nbytes:
            try:
                view = view[self._socket.send(view, _NO_SIGNAL) :]
            except BlockingIOError:  # noqa: PERF203 - the usual way
                self._wait(self._writing)

    def _receive(self, view: memoryview) -> int:
        while True:
            try:
                return self._socket.recv_into(view)
            except BlockingIOError:  # noqa: PERF203 - the usual way
                self._wait(self._reading)

    def _wait(self, poller: select.poll) -> None:
        ours = self._socket.fileno()
        while True:
            ready = [descriptor for descriptor, _ in poller.poll(self._patience())]
            # A child may answer and end between the two looks of one poll.
            if ours in ready or ours in [descriptor for descriptor, _ in poller.poll(0) if ready]:
                return
            if ready or (self._process is None and self._child.poll() is not None):
                raise Closed

    def _patience(self) -> float | None:
        """Milliseconds to wait for. Raises TimeoutError."""
        tick = None if self._process is not None else TICK
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            tick = left if tick is None else min(tick, left)
        return None if tick is None else tick * 1000 + 1

    def ended(self, seconds: float = 0.0) -> bool:
        """Whether the child has ended, waiting so long for it. It is not reaped where that can be helped."""
        if self._process is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(seconds)
            return self._child.returncode is not None
        poller = select.poll()
        poller.register(self._process, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def hang_up(self) -> None:
        """Tell the child that nothing more will come. May be called again."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptors. May be called again."""
        self._socket.close()
        process, self._process = self._process, None
        if process is not None:
            os.close(process)
