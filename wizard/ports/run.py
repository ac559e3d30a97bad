"""What a headless run needs of its own process: helm under its supervisor, and the record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wizard.core.run.events import Event
from wizard.core.text.secrets import Secret

if TYPE_CHECKING:
    from wizard.core.run.summary import HelmExit


class HelmProcess(Protocol):
    """helm of this run, under its supervisor."""

    def prepare(self, argv: Sequence[str]) -> None:
        """Start the supervisor only; it waits for `start`, or for the end of this process.

        Raises:
            Problem: another run works on the release.
        """
        ...

    async def start(self, argv: Sequence[str]) -> int:
        """Start helm (or find the one that runs already); returns its pid, 0 when it could not be started."""
        ...

    def output(self) -> AsyncIterator[tuple[str, list[str]]]:
        """Batches of sanitised lines as ("out" | "err", lines); ends when helm has ended and all was read."""
        ...

    async def wait(self) -> HelmExit:
        """Wait until helm has ended; returns how."""
        ...

    def cancel(self) -> bool:
        """Ask helm to stop, once; False when there is nothing to stop."""
        ...


class Recorder(Protocol):
    """The record of the run."""

    def emit(self, events: Iterable[Event]) -> None:
        """Append events (their seq and time are given here), known secrets masked."""
        ...

    def know(self, secrets: Iterable[Secret]) -> None:
        """Mask these secrets from now on."""
        ...

    def past(self) -> Iterable[Event]:
        """The events that are in the record already (a new runner continues where another ended)."""
        ...

    def files(self) -> Iterable[tuple[str, str]]:
        """(name, first part of its text) of every file of the run; none that cannot be read."""
        ...

    def keep(self, name: str, data: Mapping[str, Any]) -> str:
        """Keep evidence beside the record as JSON, known secrets masked; returns the file's path, "" when it was not written."""
        ...
