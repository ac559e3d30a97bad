"""Runs of this machine: the list, the record of each as it grows, and commands to a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.run.events import Event
    from wizard.core.run.log_window import Mark, Page
    from wizard.core.run.summary import RunSummary
    from wizard.engine.records import Wanted
    from wizard.engine.secret_files import SecretFiles
    from wizard.ports.store import RunStore


class Runs:
    """Past and running operations."""

    def __init__(self, store: RunStore, files: SecretFiles) -> None:
        self._store = store
        self._files = files

    def all(self) -> Sequence[RunSummary]:
        """Past and running operations, newest first."""
        return self._store.runs()

    def find(self, run_id: str) -> RunSummary:
        """The run with that id, the beginning of an id, or the path of a record; raises Problem."""
        return self._store.find(run_id)

    def damaged(self) -> Sequence[Problem]:
        """A problem for each record that cannot be read."""
        return self._store.damaged()

    def attach(self, run: RunSummary) -> str:
        """Have a run watched; what was done about its runner as a sentence, "" when nothing; raises Problem."""
        from wizard.engine import records

        return records.attach(self._store, run)

    def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        """The record of a run as it grows, in batches; ends with the run."""
        return self._store.follow(run_id, after=after)

    async def older_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        """The wanted log lines before a mark in the record of a run, `least` or some more; raises Problem."""
        from wizard.engine import records

        return await records.older_logs(self._store, run_id, mark, wanted, least)

    async def newer_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        """The wanted log lines after a mark; as `older_logs`."""
        from wizard.engine import records

        return await records.newer_logs(self._store, run_id, mark, wanted, least)

    def record_problems(self, run_id: str) -> AsyncIterator[str]:
        """Why the record cannot be written, a sentence each time that changes, "" once it can; never ends."""
        from wizard.engine import records

        return records.record_problems(self._store, run_id)

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a command to a run: "cancel" stops helm with one SIGTERM."""
        return await self._store.command(run_id, name, data)

    async def fix(
        self, run_id: str, finding: str, about: str, offered: Mapping[str, Any], answers: Mapping[str, str]
    ) -> str:
        """Have a run apply a fix that it offered for a finding; returns a sentence; raises Problem when it did not begin.

        The answer to a secret is `generate` or the path of a file; the value goes through the private socket only.
        """
        from wizard.core.answers.secrets import PARTS
        from wizard.core.rules.fix import GENERATE
        from wizard.core.text.secrets import generate

        given: dict[str, Any] = dict(answers)
        for need in offered["needs"]:
            if need["kind"] == "secret" and (answer := given.get(need["id"], "")):
                name = next((name for name, part in PARTS.items() if need["id"] in part.keys), "")
                read = self._files.value
                given[need["id"]] = generate() if answer == GENERATE else read(name, answer, need["title"])[0]
        request = {"finding": finding, "object": about, "fix": offered["id"], "answers": given}
        answer = await self.command(run_id, "fix", request)
        if not answer.get("ok"):
            raise Problem(str(answer.get("text") or "It was not done."), "Look at the run again.")
        return str(answer["text"])
