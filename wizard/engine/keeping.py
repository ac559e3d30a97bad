"""Whether a run that is watched is being recorded: a record that cannot be written is said at once, not at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from wizard.ports.store import RunStore

ASK_SECONDS: Final = 1.0
"""The record itself cannot say that it cannot be written, so its run is asked."""


async def troubles(runs: RunStore, run_id: str) -> AsyncIterator[str]:
    """Why the record of a run is not written, as sentences, each time that changes; "" once it is again. Never ends."""
    known = ""
    while True:
        reason = await runs.trouble(run_id)
        if reason != known:
            known = reason
            yield said(reason) if reason else ""
        await asyncio.sleep(ASK_SECONDS)


def said(reason: str) -> str:
    """What that means for a person, and the next step."""
    return (
        f"{reason[:1].upper()}{reason[1:]}. helm goes on; what happens meanwhile is neither kept nor shown. "
        "Make room in the state folder."
    )
