"""Roll back on failure, after helm has ended and the evidence is on the disk.

Helm's own flag does it at once and deletes what would show the cause. Here a failed upgrade goes back to the last
good revision by `helm rollback`; of a failed install everything that helm made is removed by `helm uninstall`, which
leaves the claims of StatefulSets and the wizard's Secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from wizard.core.errors import Problem
from wizard.core.helm import command_line, revision
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.revision import Head
from wizard.core.run.summary import HelmExit
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import records
from wizard.ports.cluster import Cluster
from wizard.ports.run import HelmProcess

_SLACK: Final = timedelta(seconds=2)
"""Helm writes its record before it ends, and the API server keeps whole seconds."""

Say = Callable[..., None]


@dataclass(frozen=True)
class RollbackStep:
    """A rollback or uninstall: helm's arguments (none: nothing is done), and its description as half a sentence."""

    argv: tuple[str, ...]
    text: str


async def next_step(
    cluster: Cluster, target: Target, helm_major: int, options: HelmOptions, *, install: bool, ended: HelmExit | None
) -> RollbackStep:
    """The step back from the release's present state; changes of others since helm ended are kept. Never raises."""
    back = HelmOptions(timeout=options.timeout)
    try:
        heads = await records.heads(cluster, target)
    except Problem as problem:
        return RollbackStep((), f"not rolled back: {problem.what}")
    if not heads:
        return RollbackStep((), "helm recorded no release, there is nothing to roll back")
    newest = heads[-1]
    if await _written_since(cluster, newest, ended):
        return RollbackStep((), f"not rolled back: somebody worked on the release since (revision {newest.revision})")
    if newest.status in (revision.UNINSTALLED, "uninstalling"):
        return RollbackStep((), f"not rolled back: somebody uninstalled the release (revision {newest.revision})")
    if newest.status == "deployed" and (ended is None or ended.code != 0):
        return RollbackStep(
            (), f"revision {newest.revision} is still the one that is deployed, there is nothing to roll back"
        )
    if install:  # earlier revisions were uninstalled before it: none can be rolled back to, and they are kept
        argv = command_line.uninstall_argv(helm_major, target, replace(back, keep_history=len(heads) > 1))
        return RollbackStep(tuple(argv), "uninstalled again; its Secrets and the claims of its databases are kept")
    if good := await records.last_good(cluster, target, heads):
        back = replace(
            back, force_conflicts=options.force_conflicts
        )  # else it stops at what the upgrade would have taken
        argv = command_line.rollback_argv(helm_major, target, good, back)
        return RollbackStep(tuple(argv), f"rolled back to revision {good}")
    return RollbackStep((), "not rolled back: there is no revision before it that was ever ready")


async def _written_since(cluster: Cluster, newest: Head, ended: HelmExit | None) -> bool:
    """Whether the newest record was written after helm ended; the difference of the API server's clock is subtracted."""
    written = parse_time(newest.times.written)
    if written is None or not (ended and ended.at):
        return False
    ahead = await records.server_ahead(cluster, lambda: datetime.now(UTC))
    return written - ahead > datetime.fromtimestamp(ended.at, UTC) + _SLACK


@dataclass
class Undo:
    """One step back under a supervisor of its own; `resume_after` continues one whose runner was lost."""

    process: HelmProcess
    say: Say
    begun: RollbackStep | None = None
    """The step that a lost runner began."""

    def __post_init__(self) -> None:
        self._skip = {"out": 0, "err": 0}

    def resume_after(self, view: RunView) -> None:
        """Continue a record: what it already has is not emitted again."""
        if view.back_argv:
            self.begun = RollbackStep(view.back_argv[1:], view.phase_text)
            self._skip = {stream: view.back_counts.get(stream, 0) for stream in self._skip}

    async def go(self, helm: str, back: RollbackStep) -> HelmExit:
        """Run it to its end and emit its output.

        Raises:
            Problem: another run works on the release; nothing was started.
        """
        argv = [helm, *back.argv]
        self.process.prepare(argv)
        if self.begun is None:
            # Emitted before it starts: a runner that resumes must not choose a step from what this one has changed already.
            self.say("run.phase", phase="rollback", text=back.text)
            self.say("rollback.started", argv=argv)
        await self.process.start(argv)
        async for stream, lines in self.process.output():
            fresh = lines[self._skip[stream] :]
            self._skip[stream] = max(0, self._skip[stream] - len(lines))
            if fresh:
                self.say("rollback.output", stream=stream, lines=fresh)
        ended = await self.process.wait()
        self.say("rollback.exited", code=ended.code, signal=ended.signal)
        return ended


def combined_reason(failure: str, back: RollbackStep, ended: HelmExit | None, after: str = "") -> str:
    """One reason of the failure and the result of the step back; `after` is the state of the release now."""
    if ended is None:
        return f"{failure} Roll back on failure: {back.text}."
    if ended.code != 0:
        how = f"by {ended.signal}" if ended.signal else f"with code {ended.code}"
        return f"{failure} Going back failed too: helm ended {how}; look at it with diagnose."
    return f"{failure} It was {back.text}" + (f": {after}." if after else ".")
