"""files.idx: what files.tsv says of sizes and times, as a hit can compare it in a few calls.

It proves nothing by itself: it names the files.tsv that it was made of, ends in a sha256 of its own, and
whatever differs from it is looked at again with files.tsv in hand (envbuilder.store.glance). Imports nothing
that a bare interpreter has not loaded, or nearly: a ticket is answered by it (envbuilder.use.ticket).
"""

from __future__ import annotations

import hashlib
import os
import sys
from operator import attrgetter, eq
from stat import S_IFDIR, S_IFREG

TYPE_CHECKING = False  # the module ``typing`` costs more than this whole one
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envbuilder.store.survey import Row

NAME = "files.idx"
_DIGEST_BYTES = 32
_NUMBER_BYTES = 8
WORTH_A_PROCESS = 4_000
"""Files from which on two processes are the faster way: starting one takes a millisecond, looking at these nine."""

_FILE = attrgetter("st_mtime_ns", "st_size", "st_mode")
_FOLDER = attrgetter("st_mtime_ns", "st_mode")


def index_of(rows: Iterable[Row], files_digest: str) -> bytes:
    """Return the content of files.idx for the rows of a files.tsv with that sha256."""
    listed = tuple(rows)
    files = [row for row in listed if row.kind == "f"]
    folders = [row for row in listed if row.kind == "d"]
    links = [row for row in listed if row.kind == "l"]
    texts = (
        *(row.path for row in (*files, *folders, *links)),
        *(row.digest for row in links),
    )
    from array import array  # it imports a hundred times its own size

    numbers = array("q", [row.mtime_ns for row in files])
    numbers.extend(row.size for row in files)
    numbers.extend(S_IFREG | row.mode for row in files)
    numbers.extend(row.mtime_ns for row in folders)
    numbers.extend(S_IFDIR | row.mode for row in folders)
    body = numbers.tobytes() + "\0".join(texts).encode("utf-8", "surrogateescape")
    content = _head(files_digest) + f"{len(files)} {len(folders)} {len(links)}\n".encode() + body
    return content + hashlib.sha256(content).digest()


def unchanged(prefix: Path | str, folder: str, files_digest: str, *, forks: bool = False) -> bool:
    """Whether every entry has the size, time and mode of the index in ``folder`` (below ``prefix``).

    False says only that somebody has to look closer: the index may be missing or of another listing. With
    ``forks`` a second process looks at half of many files; that is for a process with no threads and little memory.
    """
    try:
        with open(f"{prefix}/{folder}/{NAME}", "rb") as stream:  # noqa: PTH123 - hot path of every first hit
            content = stream.read()
        return _agrees(str(prefix), content, _head(files_digest), forks=forks and (os.cpu_count() or 1) > 1)
    except (OSError, ValueError):
        return False


def _head(files_digest: str) -> bytes:
    """Return the first line: numbers are the host's own, so another byte order is another index."""
    return f"envbuilder files 1 {sys.byteorder} {files_digest}\n".encode("ascii")


def _agrees(prefix: str, content: bytes, head: bytes, *, forks: bool) -> bool:
    """Compare. Raises OSError for an entry that is gone, ValueError for an index that is none."""
    whole, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not whole.startswith(head) or hashlib.sha256(whole).digest() != digest:
        return False
    counts, _, body = whole[len(head) :].partition(b"\n")
    files, folders, links = map(int, counts.split())
    numbers = memoryview(body[: (3 * files + 2 * folders) * _NUMBER_BYTES]).cast("q")
    # Relative names: the kernel walks the folders above the environment once, and nothing is put together.
    names = body[numbers.nbytes :].decode("utf-8", "surrogateescape").split("\0")
    inner, rest = names[files : files + folders], numbers[3 * files :]
    linked, targets = names[files + folders :][:links], names[files + folders + links :][:links]
    top = os.open(prefix, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    look = _looking_below(top)

    def files_agree(first: int, last: int) -> bool:
        known = zip(*(numbers[start + first : start + last] for start in (0, files, 2 * files)), strict=True)
        return all(map(eq, map(_FILE, map(look, names[first:last])), known))

    def others_agree() -> bool:
        known = zip(rest[:folders], rest[folders:], strict=True)
        if not all(map(eq, map(_FOLDER, map(look, inner)), known)):
            return False
        return [os.readlink(name, dir_fd=top) for name in linked] == targets

    try:
        if not forks or files < WORTH_A_PROCESS:
            return files_agree(0, files) and others_agree()
        middle = max(0, files - folders - links) // 2
        return _both(lambda: files_agree(0, middle) and others_agree(), lambda: files_agree(middle, files))
    finally:
        os.close(top)


def _both(ours: Callable[[], bool], theirs: Callable[[], bool]) -> bool:
    """Whether both hold; another process answers the second question. What it cannot answer does not hold."""
    try:
        child = os.fork()
    except OSError:
        return ours() and theirs()
    if child == 0:
        code = 1
        try:
            code = 0 if theirs() else 1
        finally:
            os._exit(code)
    try:
        first = ours()
    finally:
        status = _ending_of(child)
    return first and (theirs() if status is None else status == 0)


def _ending_of(child: int) -> int | None:
    """Wait for a process; None where the system keeps no word of it, since whoever started us ignores SIGCHLD."""
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return None


def _looking_below(top: int) -> Callable[[str], os.stat_result]:
    def look(name: str) -> os.stat_result:
        return lstat(name, dir_fd=top)

    lstat = os.lstat
    return look
