"""The listening socket that `khue serve` hands over to the processes it keeps."""

import socket


def listening(fd: int | None) -> list[socket.socket] | None:
    """Return the socket of a file descriptor as uvicorn's `serve` takes it; None where none was handed over.

    Uvicorn's own `fd=` takes it for a Unix socket. Then nobody sets TCP_NODELAY, and each answer on a connection that
    stays open waits 40 ms for the other side's delayed ACK (1,400 requests/s at the most for 64 clients).
    """
    return None if fd is None else [socket.socket(fileno=fd)]
