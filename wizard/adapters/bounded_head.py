"""An answer of http.client whose head is read within limits (bounded.Drip)."""

from __future__ import annotations

import http.client

from wizard.adapters import bounded


class BoundedHead(http.client.HTTPResponse):
    """Its head has to end within limits.HEAD_SECONDS."""

    def begin(self) -> None:
        """Read the head; raises OSError over the limit."""
        body = self.fp
        self.fp = bounded.Drip(body)  # type: ignore[assignment]  # http.client reads the head with it
        try:
            super().begin()
        finally:
            if isinstance(self.fp, bounded.Drip):  # an answer without a body has closed it
                self.fp = body
