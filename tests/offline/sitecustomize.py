"""Put into every process of a run by tests/running.py: no way to the network, and each try is written down.

Python's sockets only; what is local (a Unix socket, loopback) stays possible.
"""

import os
import socket

_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")
_real = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
_lookup = socket.getaddrinfo


def _refuse(where: object) -> None:
    with open(os.environ["PRESAGE_TEST_ONLINE"], "a") as file:  # noqa: PTH123
        file.write(f"{where}\n")
    raise OSError(101, "the tests allow no network", str(where))


def _guarded(name: str):  # type: ignore[no-untyped-def]
    def call(self, address):  # type: ignore[no-untyped-def]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOCAL):
            _refuse(address)
        return _real[name](self, address)

    return call


def _getaddrinfo(host, *args, **kwargs):  # type: ignore[no-untyped-def]
    if host is not None and not str(host).startswith((*_LOCAL, socket.gethostname())):
        _refuse(host)
    return _lookup(host, *args, **kwargs)


if "PRESAGE_TEST_ONLINE" in os.environ:
    for _name in _real:
        setattr(socket.socket, _name, _guarded(_name))
    socket.getaddrinfo = _getaddrinfo
