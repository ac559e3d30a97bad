"""What the engine asks of the network between this machine and a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.reach.request import Answer, Request


class Network(Protocol):
    """Requests as a client makes them: DNS, TCP, TLS, HTTP. Nothing secret is sent, and no proxy is used."""

    async def ask(self, request: Request, seconds: float) -> Answer:
        """Send one GET and read the head of its answer, within so many seconds; never raises."""
        ...

    async def addresses(self, name: str, seconds: float) -> tuple[str, ...] | None:
        """The IP addresses of a name; none when it does not resolve, None when that was not answered. Never raises."""
        ...
