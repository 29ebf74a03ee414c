"""The children of one model, and who has which."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from envbuilder.workers.errors import WorkerCrashed, WorkerError, WorkerTimeout

if TYPE_CHECKING:
    from envbuilder.workers.process import Worker

TICK: Final = 1.0
"""Seconds after which a waiting thread looks again, should an interrupt have swallowed its call."""

_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


class Borrower:
    """A call that has a slot for as long as it goes on, however it ends."""

    __slots__ = ("__weakref__",)


class Slot:
    """A place for one child; None until there is something for it to do, and after it ended."""

    __slots__ = ("borrower", "worker")

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.borrower: weakref.ref[Borrower] | None = None

    @property
    def free(self) -> bool:
        """Whether no call has it: an interrupt may have kept one from giving it back."""
        return self.borrower is None or self.borrower() is None


class Pool:
    """Slots that threads borrow. An interrupt at any moment leaves every slot either free or borrowed."""

    def __init__(self, size: int, start: Callable[[], Worker]) -> None:
        self._slots = [Slot() for _ in range(size)]
        self._start = start
        self._closed = False
        self.reset()
        _POOLS.add(self)

    def reset(self) -> None:
        """Forget who waits and what is borrowed: in a fork, none of those threads exists."""
        self._lock = threading.Lock()
        self._waiting: list[threading.Lock] = []
        for slot in self._slots:
            slot.borrower = None

    @contextlib.contextmanager
    def borrow(self, timeout: float | None) -> Iterator[Worker]:
        """Yield a living child that nobody else has; ``timeout`` is in seconds for waiting for one.

        Raises WorkerError once closed, WorkerTimeout, and what starting a child raises.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        borrower = Borrower()
        try:
            self._require_open()
            while (slot := self._take(borrower)) is None:
                self._wait(deadline, timeout)
            if slot.worker is None or not slot.worker.usable:
                self._replace(slot)
            assert slot.worker is not None  # noqa: S101
            yield slot.worker
        except WorkerCrashed:
            self._require_open()  # it did not crash then
            raise
        finally:
            self._give_back(borrower)

    def _replace(self, slot: Slot) -> None:
        if slot.worker is not None:
            slot.worker.end()
            slot.worker = None
        self._require_open()
        slot.worker = self._start()
        if self._closed:  # while it was started
            slot.worker.end()
            self._require_open()

    def _require_open(self) -> None:
        if self._closed:
            raise WorkerError("the model was closed", hint="load it again")

    def free(self) -> list[Slot]:
        """The slots that no call has."""
        return [slot for slot in self._slots if slot.free]

    def _take(self, borrower: Borrower) -> Slot | None:
        """Give the first free slot to a call: the last ones may never have to be filled."""
        with self._lock:
            for slot in self.free():
                slot.borrower = weakref.ref(borrower)
                return slot
            return None

    def _wait(self, deadline: float | None, timeout: float | None) -> None:
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            self._waiting.append(turn)
        left = TICK if deadline is None else min(TICK, deadline - time.monotonic())
        try:
            if left <= 0:
                raise WorkerTimeout(
                    f"no process of the model was free within {timeout:g} s",
                    hint="give it more time (timeout=…) or more processes (workers=…)",
                )
            if not self.free():
                turn.acquire(timeout=left)
        finally:
            with self._lock:
                if turn in self._waiting:
                    self._waiting.remove(turn)

    def _give_back(self, borrower: Borrower) -> None:
        with self._lock:
            for slot in self._slots:
                if slot.borrower is not None and slot.borrower() is borrower:
                    slot.borrower = None
            if self._waiting:
                self._waiting.pop(0).release()

    def end(self) -> None:
        """End all children, those that answer just now too, and start none any more."""
        self._closed = True
        workers = [slot.worker for slot in self._slots if slot.worker is not None]
        for worker in workers:
            worker.hang_up()
        for worker in workers:
            worker.end()

    def living(self) -> list[Worker]:
        """The children that can be asked."""
        return [slot.worker for slot in self._slots if slot.worker is not None and slot.worker.alive]


def _reset_all() -> None:
    for pool in list(_POOLS):
        pool.reset()


os.register_at_fork(after_in_child=_reset_all)
