"""What can still be known of a helm whose end nobody saw, or that died in the middle: from what it printed and recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from wizard.core.errors import Problem
from wizard.core.target import Target
from wizard.ports.helm import Helm
from wizard.ports.run import HelmExit

_DONE: Final = re.compile(r'STATUS: (deployed|uninstalled)|Rollback was a success|release ".*" uninstalled')
"""What helm prints when all is done, and never before."""


def by_its_words(ended: HelmExit, out: Sequence[str], err: Sequence[str]) -> HelmExit:
    """How helm ended, by what it printed last, when its supervisor was killed and nobody saw the exit code."""
    if ended.code is not None or ended.signal:
        return ended
    # A chart's own words come after this line, and it may say in them whatever it likes.
    own = out[: out.index("NOTES:")] if "NOTES:" in out else out
    if any(_DONE.match(line) for line in own):
        return replace(ended, code=0)
    return replace(ended, code=1) if any(line.startswith("Error: ") for line in err) else ended


async def stranded(helm: Helm, target: Target) -> str:
    """What a dead helm left locked and the way out, as a sentence; "" when the release is not locked or cannot be read."""
    try:
        listed = await helm.list(target)
    except Problem:
        return ""
    for one in listed:
        status = str(one.get("status", ""))
        if one.get("name") == target.release and status.startswith(("pending-", "uninstalling")):
            return (
                f"Revision {one.get('revision')} is recorded as {status}, which locks the release: "
                f"recover --namespace {target.namespace} --release {target.release} looks whether anybody is still at work "
                "and repairs it."
            )
    return ""
