"""Somebody outside of the cluster who calls a release by its name, through Traefik's address."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tests.realnode import way_in

_SECONDS = 10.0
"""After so long without an answer a request is lost."""
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name, and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The decoded JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Visitor:
    """Calls one host name, and trusts the authority of `way_in` alone."""

    host: str

    def get(self, path: str = "/health", *, tls: bool = True) -> Answer:
        """GET over a connection of its own; raises OSError, which ssl.SSLCertVerificationError is one of."""
        with closing(self.connect(tls=tls)) as connection:
            return self.ask(connection, path)

    def ask(self, connection: http.client.HTTPConnection, path: str) -> Answer:
        """GET over an open connection."""
        connection.request("GET", path)
        answer = connection.getresponse()
        return Answer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(_MOST_BYTES)
        )

    def connect(self, *, tls: bool = True) -> http.client.HTTPConnection:
        """An open connection; over TLS the certificate was verified for the host."""
        connection = http.client.HTTPConnection(self.host, timeout=_SECONDS)
        connection.auto_open = 0  # by the name's address, which there is none of
        connection.sock = socket.create_connection((way_in.ADDRESS, 443 if tls else 80), _SECONDS)
        if tls:
            try:
                connection.sock = self._context().wrap_socket(connection.sock, server_hostname=self.host)
            except OSError:
                connection.close()
                raise
        return connection

    def names(self) -> set[str]:
        """The DNS names in the certificate that is shown."""
        with closing(self.connect()) as connection:
            assert isinstance(connection.sock, ssl.SSLSocket)
            shown = connection.sock.getpeercert() or {}
        return {str(name[1]) for name in shown.get("subjectAltName", ()) if name[0] == "DNS"}

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=way_in.authority().certificate.decode())


class Crowd:
    """Visitors who together ask 200 times a second, each over a connection that it keeps, while a block runs.

    Whoever falls behind catches up before the block ends, so the number of requests is that rate times the seconds.
    """

    RATE = 200
    PATH = "/work?ms=20"
    """Takes a while in the app, so that some requests are always on their way."""
    _PEOPLE = 20
    _MOST_SECONDS = 300
    _REQUESTS_A_CONNECTION = 50

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._ends = time.monotonic() + self._MOST_SECONDS
        self._began = 0.0
        self._asked = [0] * self._PEOPLE
        self.lost: list[tuple[float, str]] = []
        """Seconds since the beginning, and what came in place of a 200."""
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(self._PEOPLE)]

    @property
    def asked(self) -> int:
        """Requests so far."""
        return sum(self._asked)

    def _visit(self, number: int) -> None:
        each = self._PEOPLE / self.RATE
        connection: http.client.HTTPConnection | None = None
        while (due := self._began + each * (self._asked[number] + number / self._PEOPLE)) < self._ends:
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection = connection or self._visitor.connect()
                said = str(self._visitor.ask(connection, self.PATH).status)
            except (OSError, http.client.HTTPException) as error:
                said = repr(error)
            self._asked[number] += 1
            if said != "200":
                self.lost.append((round(time.monotonic() - self._began, 1), said))
            if connection and (said != "200" or self._asked[number] % self._REQUESTS_A_CONNECTION == 0):
                connection.close()
            if connection and connection.sock is None:
                connection = None
        if connection:
            connection.close()

    def __enter__(self) -> Crowd:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = min(self._ends, time.monotonic())
        for thread in self._threads:
            thread.join()
