"""What publishing a tree needs and nothing has to wait for: done in a thread while the processors do other work."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from envbuilder.store.files import sync_file_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envbuilder.store.hashing import Hashes


@contextlib.contextmanager
def readying(tree: Path, hashes: Hashes) -> Iterator[Callable[[], None]]:
    """Bring a tree to the disk, then learn what its files hash to, while the block runs.

    The block calls what is yielded once it has written all files of its own. Nothing here decides anything: what
    is not done when the block ends, or changed since, is done when the tree is published.
    """
    complete, stopped = threading.Event(), threading.Event()

    def work() -> None:
        with contextlib.suppress(OSError):
            sync_file_system(tree)
            complete.wait()
            hashes.learn(str(tree), stopped.is_set)
            if not stopped.is_set():
                sync_file_system(tree)

    thread = threading.Thread(target=work, name="envbuilder-readying", daemon=True)
    thread.start()
    try:
        yield complete.set
    finally:
        stopped.set()
        complete.set()
        thread.join()
