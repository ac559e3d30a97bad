"""Infers from what helm printed and recorded how it ended, when nobody saw that or it died in the middle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from wizard.core.errors import Problem
from wizard.core.run.summary import HelmExit
from wizard.core.target import Target
from wizard.ports.helm import Helm

_DONE: Final = re.compile(r'STATUS: (deployed|uninstalled)|Rollback was a success|release ".*" uninstalled')
"""What helm prints when all is done, and never before."""


def infer_exit(ended: HelmExit, out: Sequence[str], err: Sequence[str]) -> HelmExit:
    """The exit of helm; inferred from what it printed last when its supervisor was killed before it saw the exit code."""
    if ended.code is not None or ended.signal:
        return ended
    # The chart's notes follow this line, and may contain anything.
    own = out[: out.index("NOTES:")] if "NOTES:" in out else out
    if any(_DONE.match(line) for line in own):
        return replace(ended, code=0)
    return replace(ended, code=1) if any(line.startswith("Error: ") for line in err) else ended


async def locked_release_message(helm: Helm, target: Target) -> str:
    """A sentence on the release that a dead helm left locked, and its remedy; "" when it is not locked or unreadable."""
    try:
        listed = await helm.list(target)
    except Problem:
        return ""
    for row in listed:
        status = str(row.get("status", ""))
        if row.get("name") == target.release and status.startswith(("pending-", "uninstalling")):
            return (
                f"Revision {row.get('revision')} is recorded as {status}, which locks the release: "
                f"recover --namespace {target.namespace} --release {target.release} checks whether anybody is still at work "
                "and repairs it."
            )
    return ""
