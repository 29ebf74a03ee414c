"""The child ends with its host, however the host ends and whatever the child is doing."""

import os
import signal
import threading
from typing import Any


def hold(descriptor: int) -> None:
    """Die, with all of this process's group, as soon as the other end of a pipe closes.

    A thread reads the pipe; a model that computes in C without letting go of the interpreter's lock keeps it
    from running. So Linux is asked, too, to signal the group itself when the pipe changes (fcntl(2),
    F_SETSIG). That is no PR_SET_PDEATHSIG: that one is sent when the *thread* that started the child ends, which
    in a pool is long before its process does, and to the child alone, not to what it started.
    """
    _let_kernel_kill(descriptor)
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()


def _let_kernel_kill(descriptor: int) -> None:
    import fcntl

    set_signal: Any = getattr(fcntl, "F_SETSIG", None)
    if set_signal is None or os.getpgrp() != os.getpid():
        return
    fcntl.fcntl(descriptor, set_signal, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)


def _wait(descriptor: int) -> None:
    os.read(descriptor, 1)
    # The model may be in the middle of anything, and nobody waits for it any more.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(70)
