"""A small client for the sandbox's own calls to its API server; standard library only, one connection per call."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from wizard.core.errors import Exit, Problem


class ApiError(Problem):
    """The API server refused a request; `status` is the HTTP status, 0 without an answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(
            f"The sandbox's API server refused: {text}.", "`sandbox status` says what still runs.", Exit.FAILED
        )
        self.status = status


class Api:
    """A client of one API server on this machine."""

    def __init__(self, port: int, ca: Path, certificate: Path, key: Path, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._tls.load_cert_chain(certificate, key)

    def call(
        self, method: str, path: str, body: object = None, kind: str = "application/json", limit: float = 10
    ) -> Any:
        """Send one request and return the decoded answer; raises ApiError."""
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=limit, context=self._tls)
        with contextlib.closing(connection):
            try:
                connection.request(
                    method,
                    path,
                    None if body is None else json.dumps(body),
                    {"Content-Type": kind, "Accept": "application/json"},
                )
                answer = connection.getresponse()
                raw = answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise ApiError(0, f"{method} {path}: {error}") from error
        text = raw.decode("utf-8", "replace")
        if answer.status >= 300:
            raise ApiError(answer.status, f"{method} {path}: HTTP {answer.status} {text[:300]}")
        return json.loads(text) if text.startswith("{") else text

    def get(self, path: str) -> Any:
        """Read one object or collection."""
        return self.call("GET", path)

    def create(self, path: str, body: object) -> None:
        """Create an object; an existing one is left unchanged."""
        try:
            self.call("POST", path, body)
        except ApiError as error:
            if error.status != 409:
                raise

    def merge(self, path: str, body: object) -> None:
        """Apply a JSON merge patch."""
        self.call("PATCH", path, body, "application/merge-patch+json")
