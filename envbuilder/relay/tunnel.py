"""Connections that are only carried: the tool speaks TLS with a host and is alone with it."""

from __future__ import annotations

import selectors
import socket
from typing import TYPE_CHECKING

from envbuilder.web import TIMEOUT

if TYPE_CHECKING:
    from envbuilder.proxies import Proxies

IDLE = 600.0
"""Seconds after which a connection that carries nothing is closed."""

CHUNK = 65536

LARGEST_HEAD = 65536


def dial(proxies: Proxies, host: str, port: int) -> socket.socket:
    """Return a connection to a host, through the host's proxy if that is how it is reached.

    Raises OSError, ValueError.
    """
    host = f"[{host}]" if ":" in host else host
    proxy = proxies.of(f"https://{host}:{port}/")
    if proxy is None:
        return socket.create_connection((host.strip("[]"), port), TIMEOUT)
    connection = socket.create_connection((proxy.host, proxy.port), TIMEOUT)
    try:
        _ask(connection, f"{host}:{port}", proxy.authorization)
    except BaseException:
        connection.close()
        raise
    return connection


def _ask(connection: socket.socket, target: str, authorization: str) -> None:
    """Have a proxy connect us (RFC 9110, 9.3.6). Raises OSError with the proxy's words where it does not."""
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"Proxy-Authorization: {authorization}"] if authorization else []
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = bytearray()
    # Byte by byte: what comes after the head is the tool's.
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(head) > LARGEST_HEAD:
            raise OSError("the proxy hung up")
        head += byte
    _, status, *words = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
    if not status.startswith("2"):
        raise OSError(f"the proxy answers {status} {' '.join(words)}".rstrip())


def carry(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until both sides have ended, or nothing comes any more."""
    peers = {one: other, other: one}
    with selectors.DefaultSelector() as selector:
        for side, peer in peers.items():
            selector.register(side, selectors.EVENT_READ, peer)
        while selector.get_map():
            ready = selector.select(IDLE)
            if not ready:
                return
            for key, _ in ready:
                chunk = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                if chunk:
                    key.data.sendall(chunk)
                else:
                    selector.unregister(key.fileobj)
                    key.data.shutdown(socket.SHUT_WR)
