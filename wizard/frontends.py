"""Starts a front end with a session that uses the real adapters. Heavy imports happen here, after the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from wizard import read_ahead, terminal_guard
from wizard.core.errors import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wizard.cli.arguments.base import Arguments
    from wizard.cli.arguments.local import RunsArguments
    from wizard.cli.arguments.operation import OperationArguments
    from wizard.cli.arguments.release import DiagnoseArguments, ReleaseArguments
    from wizard.engine.release.rows import Ahead, Found, ReleasesView
    from wizard.engine.session import Session
    from wizard.tui.start import First, Start


def screen(arguments: Arguments) -> int:
    """Run the full screen in a child process; returns its exit code."""
    ahead = None if arguments.command else read_ahead.ReadAhead(lambda: _releases(arguments)).result
    return terminal_guard.run(lambda terminal: _screen(arguments, terminal, ahead), _goes_on)


def _releases(arguments: Arguments) -> Found | None:
    """The releases that home will show; None when a program has to log in for that, which may ask the person."""
    import asyncio

    from wizard import compose

    session = compose.session(arguments.options())
    context = session.kubeconfig().context(session.suggestions.current_context)
    if context is None or context.login:
        return None
    target = session.everywhere()
    return target, asyncio.run(_first(session.releases(target)))


async def _first(views: AsyncIterator[ReleasesView]) -> ReleasesView:
    return await anext(views)


def _goes_on() -> str:
    """For after the full screen was killed: lines with the runs that go on, and the commands that attach to them."""
    from wizard.adapters.runs.store import RunFiles
    from wizard.cli.help import program
    from wizard.cli.output import shown
    from wizard.engine.records import AT_WORK

    runs = [run for run in RunFiles().runs() if run.state in AT_WORK]
    return "".join(
        shown(
            f"Run {run.id} ({run.operation} of {run.target.release} in {run.target.namespace}) goes on: {program()} runs {run.id}"
        )
        + "\n"
        for run in runs[:3]
    )


def _screen(arguments: Arguments, terminal: terminal_guard.Terminal, ahead: Ahead | None) -> int:
    try:
        from wizard import compose
        from wizard.adapters import scratch
        from wizard.tui.main import run_app

        scratch.sweep()
        session = compose.session(arguments.options(), helm_path=arguments.helm_path, ahead=ahead)
        return run_app(session, _start(arguments, session), unexpected=_unexpected)
    except Problem as problem:
        terminal.restore()
        _print_problem(problem, arguments)
        return problem.code
    except KeyboardInterrupt:
        terminal.restore()
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place in the child that can turn a bug into a sentence
        terminal.restore()
        _print_problem(_unexpected(error, debug=arguments.debug), arguments)
        return Exit.FAILED


def _unexpected(error: BaseException, *, debug: bool = False) -> Problem:
    from wizard import crash

    return crash.problem(error, debug=debug)


def _print_problem(problem: Problem, arguments: Arguments) -> None:
    from wizard.cli.output import Out

    Out(no_color=arguments.no_color).problem(problem)


def _start(arguments: Arguments, session: Session) -> Start:
    from wizard.tui.start import Start

    try:
        match arguments.command:
            case "runs":
                return _of_run(cast("RunsArguments", arguments), session)
            case "install" | "upgrade":
                return _of_answers(cast("OperationArguments", arguments), session)
            case "diagnose" if cast("DiagnoseArguments", arguments).bundle:
                from wizard.cli.release import saved_bundle

                return Start(saved=saved_bundle(cast("DiagnoseArguments", arguments), session).diagnosis())
            case "rollback" | "uninstall" | "diagnose":
                return _of_release(cast("ReleaseArguments", arguments), session)
    except Problem as problem:
        return Start(problem=problem)
    return Start()


def _of_run(arguments: RunsArguments, session: Session) -> Start:
    from wizard.tui.start import Start

    run = session.runs.find(arguments.words[0])
    session.runs.attach(run)
    return Start("runs", run_id=run.id)


def _of_answers(arguments: OperationArguments, session: Session) -> Start:
    from wizard.cli.draft import draft_of
    from wizard.tui.start import Start

    if session.answers.needs_helm(session.answers.new()):
        import asyncio

        from wizard import streams
        from wizard.cli.output import shown

        streams.message(shown(f"helm fetches and checks {session.options.chart} ...") + "\n")
        asyncio.run(session.answers.read(session.answers.new()))
    draft = draft_of(arguments, session)
    session.answers.layers(draft)  # so that the first paint has the first question
    return Start("install" if arguments.command == "install" else "upgrade", draft=draft)


def _of_release(arguments: ReleaseArguments, session: Session) -> Start:
    from wizard.cli.arguments.release import RollbackArguments
    from wizard.cli.release import the_release
    from wizard.tui.start import Start

    start = Start(cast("First", arguments.command), find=lambda: the_release(arguments, session))
    if isinstance(arguments, RollbackArguments):
        return start._replace(revision=arguments.one_revision(), force_conflicts=arguments.force_conflicts)
    return start


def command_line(arguments: Arguments, called: str) -> int:
    """Run a command on the command line; `called` is this program as a person types it. Returns the exit code."""
    import asyncio
    import gc

    from wizard import compose
    from wizard.adapters import scratch
    from wizard.cli import dispatch
    from wizard.cli.output import Out

    gc.enable()
    scratch.sweep()
    session = compose.session(arguments.options(), helm_path=arguments.helm_path)
    out = Out(arguments.mode, no_color=arguments.no_color, quiet=arguments.is_quiet)

    async def run_and_close() -> int:
        try:
            return await dispatch.run(arguments, session, out, called)
        finally:
            await session.close()

    return asyncio.run(run_and_close())
