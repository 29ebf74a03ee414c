"""Models judged in several processes, in order and with bounded memory."""

from __future__ import annotations

import itertools
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context, resource_tracker
from typing import TypeAlias

from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms
from envbuilder.auditor.memory import Memory
from envbuilder.errors import ToolError
from envbuilder.findings import Finding
from envbuilder.report.report import ModelReport, Skipped

Item: TypeAlias = "Found | Skipped"
Outcome: TypeAlias = "ModelReport | Skipped"

ALONE = 0.5
"""Seconds of work before a process is started: to start them takes about that long."""

_CHUNK = 128
_AHEAD = 4
"""Chunks per process that are under way: what is not yet asked for stays on the disk."""


def judged(found: Iterable[Item], terms: Terms, jobs: int) -> Iterator[Outcome]:
    """Yield the outcome for each, in order. Raises ToolError if a process dies."""
    items = iter(found)
    memory = Memory(terms)
    end = time.monotonic() + ALONE
    for item in items:
        if jobs > 1 and time.monotonic() >= end:
            yield from _shared(itertools.chain([item], items), terms, jobs)
            return
        yield from _judged([item], memory)


def _judged(items: Iterable[Item], memory: Memory) -> Iterator[Outcome]:
    for item in items:
        yield item if isinstance(item, Skipped) else memory.judge(item)


def _shared(items: Iterator[Item], terms: Terms, jobs: int) -> Iterator[Outcome]:
    # Not forked: the caller may have threads, the progress bar is one.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_start, initargs=(terms,))
    resource_tracker.ensure_running()  # now, since it takes SIGINT as unblocked when it has started
    pending: deque[Future[list[Outcome]]] = deque()
    told: dict[tuple[Finding, ...], tuple[Finding, ...]] = {}
    try:
        while True:
            while len(pending) < jobs * _AHEAD and (chunk := list(itertools.islice(items, _CHUNK))):
                with _uninterrupted():
                    pending.append(pool.submit(_work, chunk))
            if not pending:
                return
            yield from _once(pending.popleft().result(), told)
    except BrokenProcessPool as error:
        raise ToolError(
            "a process that reads models died",
            hint="try again with -j 1; if it stays so, look for the model that does it and report it",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes to which Ctrl-C, which reaches the whole group, does nothing: who starts them ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _once(outcomes: list[Outcome], told: dict[tuple[Finding, ...], tuple[Finding, ...]]) -> Iterator[Outcome]:
    """Let equal findings of many models be one object: what came from another process is a copy each time."""
    own: dict[int, tuple[Finding, ...]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Skipped):
            yield outcome
            continue
        # Those of one message are one object already, if they were one: to hash them costs more than to read.
        findings = own.get(id(outcome.findings))
        if findings is None:
            findings = own[id(outcome.findings)] = told.setdefault(outcome.findings, outcome.findings)
        yield outcome if findings is outcome.findings else replace(outcome, findings=findings)


_memory: Memory | None = None
"""Of a worker process, for as long as it lives."""


def _start(terms: Terms) -> None:
    global _memory  # noqa: PLW0603 - set once, before any work
    _memory = Memory(terms)


def _work(items: list[Item]) -> list[Outcome]:
    assert _memory is not None  # noqa: S101
    return list(_judged(items, _memory))
