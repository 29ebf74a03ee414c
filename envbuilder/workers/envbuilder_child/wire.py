"""Frames: a head in JSON and any number of buffers, each with its length before it."""

import json
import struct
from typing import Any

HEAD = struct.Struct("<II")
"""Bytes of the JSON, number of buffers."""

LENGTH = struct.Struct("<Q")

LARGEST_HEAD = 256 * 1024 * 1024
"""Bytes; values travel in buffers, so a longer head is not ours."""

CHUNK = 1 << 20


class Closed(Exception):
    """The other side has gone."""


def send(stream: Any, head: Any, buffers: Any = ()) -> Any:
    """Write one frame to a raw binary stream."""
    text = json.dumps(head, separators=(",", ":")).encode("ascii")
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    parts = [HEAD.pack(len(text), len(views)), text]
    parts += [LENGTH.pack(view.nbytes) for view in views]
    try:
        _write(stream, b"".join(parts))
        for view in views:
            _write(stream, view)
    except (BrokenPipeError, ConnectionResetError):
        raise Closed()


def receive(stream: Any) -> Any:
    """Read one frame: the head and its buffers. Raises Closed at the end of the stream."""
    length, count = HEAD.unpack(_read(stream, HEAD.size))
    if length > LARGEST_HEAD:
        raise ValueError("a frame with a head of {} bytes".format(length))
    head = json.loads(bytes(_read(stream, length)).decode("ascii"))
    sizes = [LENGTH.unpack(_read(stream, LENGTH.size))[0] for _ in range(count)]
    return head, [_read(stream, size) for size in sizes]


def _write(stream: Any, content: Any) -> Any:
    view = memoryview(content)
    while view.nbytes:
        written = stream.write(view[:CHUNK])
        view = view[written:]


def _read(stream: Any, size: Any) -> Any:
    content = bytearray(size)
    view = memoryview(content)
    while view.nbytes:
        got = stream.readinto(view[:CHUNK])
        if not got:
            raise Closed()
        view = view[got:]
    return content
