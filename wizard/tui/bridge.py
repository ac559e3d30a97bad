"""Turns the session's streams and blocking calls into snapshots and messages; its tasks belong to the app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.message_pump import MessagePump

from wizard.core.errors import Problem
from wizard.tui.crash import Unexpected
from wizard.tui.messages import (
    ChecksSeen,
    DiagnosisChanged,
    HomeChanged,
    PageRead,
    Read,
    ReviewChanged,
    StreamFailed,
    SuggestionsChanged,
)

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.answers.resolve import Resolved
    from wizard.core.rules.check import CheckResult
    from wizard.core.target import Target
    from wizard.engine.session import Session
    from wizard.tui.run.state import RunFeed
    from wizard.tui.widgets.log_history import LogHistory

_PAGE: Final = 500
"""Least number of log lines that are read from the record at once: some screens of them."""
_ROWS_FIRST: Final = 0.3
"""Seconds by which the overview of home waits for the rows of releases, which its twenty calls would delay."""
_PAINTED: Final = 0.05
"""Seconds after which rows that were posted are on the screen. Textual's call_after_refresh may come before: the widget
that shows the rows asks for a paint later than the screen that it is called on."""
_PAUSE: Final = 0.4
"""Seconds without a change after which the checks look at the answers."""
FRAME: Final = 1 / 40
"""Least seconds between two messages of one stream: a person cannot see more."""


class Bridge:
    """Owner of every task that reads from the session on behalf of a screen."""

    def __init__(self, session: Session, unexpected: Unexpected) -> None:
        self.session = session
        self._unexpected = unexpected
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._flushes: dict[str, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}
        self._posted: dict[str, float] = {}

    # Blocking calls, off the loop

    async def prepare(self, draft: Draft) -> None:
        """Read kubeconfig, chart and values files, so that questions can be resolved; raises Problem."""
        await asyncio.to_thread(self.session.kubeconfig)
        await self.session.answers.read(draft)
        await asyncio.to_thread(self.session.answers.layers, draft)

    async def describe(self, draft: Draft) -> None:
        """Read what the chart says of its values, so that their tree can be made; raises Problem."""
        await asyncio.to_thread(self.session.values.describe, draft)

    async def on_what_runs(self, draft: Draft) -> Draft:
        """The draft of an upgrade, based on the running release's values; raises Problem when there is no such release."""
        return await self.session.answers.on_what_runs(await self.session.answers.located(draft, required=True))

    async def save(self, draft: Draft) -> Problem | None:
        """Save the draft; a problem is returned, because it must not stop the person."""
        try:
            await asyncio.to_thread(self.session.answers.keep, draft)
        except Problem as problem:
            return problem
        except OSError as error:
            return Problem(f"The draft could not be saved: {error.strerror}.", "Answers live until you quit.")
        return None

    async def check_file(self, resolved: Resolved, question: str) -> tuple[Problem | None, str]:
        """The problem of the file that a question names, None if it has none, and what a person should know about it."""
        try:
            return None, await asyncio.to_thread(self.session.files.note, resolved, question)
        except Problem as problem:
            return problem, ""

    # Streams

    def watch_home(self, listener: MessagePump, problem: Problem | None = None) -> None:
        """Read all data of home again; the listener gets HomeChanged."""
        from wizard.tui.home.state import HomeState  # the steps do not need it

        self.home = HomeState(problem=problem)
        self._spawn("home", self._read_home(listener), listener)

    def refresh_suggestions(self, listener: MessagePump, draft: Draft) -> None:
        """Read the cluster's suggestions for the questions; the listener gets SuggestionsChanged."""

        async def read() -> None:
            await self.session.refresh_suggestions(draft)
            listener.post_message(SuggestionsChanged())

        # After the next paint: importing the cluster's client takes 15 ms.
        listener.call_after_refresh(lambda: self._spawn("suggestions", read(), listener))

    def look(self, listener: MessagePump, draft: Draft) -> None:
        """Ask what the checks say of the answers, once a person pauses, until `stop("look")`; the listener gets ChecksSeen."""

        async def read() -> None:
            await asyncio.sleep(_PAUSE)
            results: list[CheckResult] = []
            async for result in self.session.installer.while_asking(draft):
                results.append(result)
                self._post_soon("look", listener, lambda: ChecksSeen(draft, tuple(results)))
            if await self.session.installer.compare_presets(draft):
                listener.post_message(SuggestionsChanged())

        self._spawn("look", read(), listener)

    def review(
        self, listener: MessagePump, draft: Draft, *, cluster: bool = True, fresh: bool = False, probe: bool = False
    ) -> None:
        """Read values file, operation and checks of the draft; the listener gets ReviewChanged.

        `fresh`: the answers were given for an install; the values of an existing release take precedence. `probe`: the
        person agreed to the pod that tries the database.
        """
        self._spawn("review", self._read_review(listener, draft, cluster=cluster, fresh=fresh, probe=probe), listener)

    def once(self, listener: MessagePump, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Read something once; the listener gets Read, or StreamFailed."""

        async def read() -> None:
            await work
            listener.post_message(Read())

        self._spawn(name, read(), listener)

    def diagnose(self, listener: MessagePump, target: Target) -> None:
        """Diagnose a release, and again at each change, until `stop("diagnose")`; the listener gets DiagnosisChanged."""

        async def read() -> None:
            async for view in self.session.release(target).diagnoses():
                listener.post_message(DiagnosisChanged(view))

        self._spawn("diagnose", read(), listener)

    def follow(self, listener: MessagePump, run_id: str) -> RunFeed:
        """Read the record of a run as it grows."""
        from wizard.tui.run.state import RunFeed  # home does not need the reducer

        feed = RunFeed(run_id)

        async def read() -> None:
            try:
                async for batch in self.session.runs.follow(run_id):
                    feed.read(batch)
            except Problem as problem:
                feed.problem = problem
                feed.changed.add("run")
            self.stop("record-problem")
            feed.record_problem = ""

        async def ask() -> None:
            async for feed.record_problem in self.session.runs.record_problems(run_id):
                feed.changed.add("run")

        self._spawn("record-problem", ask(), listener)
        self._spawn("run", read(), listener)
        return feed

    def watch(self, listener: MessagePump, target: Target) -> RunFeed:
        """Watch a release, without a run, until `stop("watch")`."""
        from wizard.tui.run.state import RunFeed

        feed = RunFeed("")

        async def read() -> None:
            async for batch in self.session.release(target).watch():
                feed.read(batch)

        self._spawn("watch", read(), listener)
        return feed

    def target(self, feed: RunFeed) -> Target:
        """The release of a run, by its record, in the kubeconfig of this session."""
        from wizard.core.target import Target

        where = feed.view.target
        return Target(where["context"], where["namespace"], where["release"], self.session.options.kubeconfig)

    def reach(self, listener: MessagePump, feed: RunFeed) -> None:
        """Ask whether people reach the release of an ended run; its view has the answer when the listener gets Read."""

        async def ask() -> None:
            feed.view.apply(await self.session.release(self.target(feed)).reach())

        self.once(listener, "reach", ask())

    def page(self, listener: MessagePump, run_id: str, asked: LogHistory.Wanted) -> None:
        """Read log lines that only the record has; the listener gets PageRead, or StreamFailed."""

        async def read() -> None:
            look = self.session.runs.newer_logs if asked.newer else self.session.runs.older_logs
            page = await look(run_id, asked.mark, asked.matching, _PAGE)
            listener.post_message(PageRead(asked.ticket, page, newer=asked.newer))

        self._spawn("page", read(), listener)

    def stop(self, name: str) -> None:
        """Stop a stream; what it has not posted yet is dropped."""
        if task := self._tasks.pop(name, None):
            task.cancel()
        if pending := self._flushes.pop(name, None):
            pending[0].cancel()

    async def close(self) -> None:
        """Stop all streams, then close the session; runs go on."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.session.close()

    def _spawn(self, name: str, work: Coroutine[Any, Any, None], listener: MessagePump) -> None:
        self.stop(name)

        async def guarded() -> None:
            try:
                await work
            except Problem as problem:
                fail(problem)
            except Exception as error:  # noqa: BLE001 - a bug in a stream must not end the screen
                fail(self._unexpected(error))

        def fail(problem: Problem) -> None:
            self._post_now(name)  # data that came before the failure must not replace it on the screen
            listener.post_message(StreamFailed(name, problem))

        self._tasks[name] = asyncio.create_task(guarded(), name=f"wizard-{name}")
        self._tasks[name].add_done_callback(lambda _: work.close())  # a task may be cancelled before its first step

    def _post_now(self, name: str) -> None:
        """Post what waits for its frame, if anything."""
        if pending := self._flushes.get(name):
            pending[0].cancel()
            pending[1]()

    def _post_soon(self, name: str, listener: MessagePump, make: Callable[[], Message]) -> None:
        """Post at once, and then at most once per frame, with the data of that time."""
        if name in self._flushes:
            return
        loop = asyncio.get_running_loop()

        def flush() -> None:
            self._flushes.pop(name, None)
            self._posted[name] = loop.time()
            listener.post_message(make())

        if loop.time() >= self._posted.get(name, 0) + FRAME:
            flush()
        else:
            self._flushes[name] = loop.call_later(FRAME, flush), flush

    async def _read_home(self, listener: MessagePump) -> None:
        def update(**more: Any) -> None:
            self.home = replace(self.home, **more)
            self._post_soon("home", listener, lambda: HomeChanged(self.home))

        session, seen = self.session, asyncio.Event()
        config = await asyncio.to_thread(session.kubeconfig)
        update(config=config)

        async def files() -> None:
            update(drafts=tuple(await asyncio.to_thread(session.answers.kept)))
            update(runs=tuple(await asyncio.to_thread(session.runs.all)))

        async def lines() -> None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(seen.wait(), _ROWS_FIRST)
            rows: dict[str, Any] = {}
            async for line in session.home():
                rows[line.key] = line
                update(overview=tuple(rows.values()))

        async def releases() -> None:
            if config.problem or not session.suggestions.current_context:
                return
            async for view in session.releases(session.everywhere()):
                update(releases=view)
                self._post_now("home")
                asyncio.get_running_loop().call_later(_PAINTED, seen.set)

        failures = [
            outcome
            for outcome in await asyncio.gather(releases(), lines(), files(), return_exceptions=True)
            if isinstance(outcome, Exception)
        ]
        update(complete=True)
        if failures:
            raise failures[0]

    async def _read_review(
        self, listener: MessagePump, draft: Draft, *, cluster: bool, fresh: bool, probe: bool
    ) -> None:
        from wizard.tui.review.view import ReviewState

        state = ReviewState()
        begun = self.session.now()
        prepared = self.session.answers.prepare(draft)

        def update(**more: Any) -> None:
            nonlocal state
            state = replace(state, seconds=(self.session.now() - begun).total_seconds(), **more)
            self._post_soon("review", listener, lambda: ReviewChanged(state))

        async def values() -> None:
            try:
                text = await asyncio.to_thread(prepared.shown)
                diff = await asyncio.to_thread(prepared.diff)
                exists = prepared.exists()
                update(path=prepared.file.path, values=tuple(text.splitlines()), diff=diff, exists=exists)
            except Problem as problem:
                update(problem=problem)

        async def operation() -> None:
            try:
                kind = await self.session.installer.operation(prepared.target)
                exists = fresh and kind == "upgrade"
                based = await self.session.answers.on_what_runs(draft, fresh=True) if exists else draft
                update(operation=kind, draft=based, exists_already=exists)
            except Problem as problem:
                update(problem=problem)

        async def checks() -> None:
            results: list[CheckResult] = []
            stream: AsyncIterator[CheckResult] = self.session.installer.checks(draft, probe=probe)
            async for result in stream:
                results.append(result)
                update(checks=tuple(results))

        async def plan() -> None:
            try:
                update(plan=await self.session.installer.plan(prepared))
            except Problem as problem:  # one that names an answer stops it: another chart has this release's name
                update(problem=problem) if problem.question else update(unplanned=problem)

        work = (values(), operation(), checks(), plan()) if cluster else (values(),)
        failures = [
            outcome for outcome in await asyncio.gather(*work, return_exceptions=True) if isinstance(outcome, Exception)
        ]
        if failures:
            update(problem=self._unexpected(failures[0]))
        update(complete=True, at=self.session.now())
