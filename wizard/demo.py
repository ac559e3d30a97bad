"""`make demo`: starts a sandbox, runs the wizard on it, and removes the sandbox.

On a terminal the full screen opens; otherwise the dev preset is installed. The exit code is the wizard's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from wizard import crash
from wizard.adapters.scratch import Scratch
from wizard.core.errors import Exit, Problem

NAME: Final = "demo"


def main() -> int:
    """Run the demo and return its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        return _demo()
    except Problem as problem:
        print(problem, file=sys.stderr)
        return int(problem.code)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can turn a bug into a sentence
        print(crash.problem(error), file=sys.stderr)
        return Exit.FAILED


def _leave(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # runs the `finally` below, which stops the sandbox


def _demo() -> int:
    from wizard.sandbox import cluster, toolchain

    try:
        toolchain.ensure(toolchain.NAMES, toolchain.ProgressLines(_message))
    except toolchain.ToolError as error:
        raise Problem(str(error)) from error
    cluster.down(NAME)  # left by an earlier demo that was killed
    try:
        info = cluster.up(NAME, progress=_message)
        folder = Scratch("demo")
        try:
            code = _wizard({**os.environ, **cluster.environment(NAME)}, folder.path)
            asyncio.run(_end_runs(info.context))
        finally:
            folder.remove()
        return code
    finally:
        _message("stopping the sandbox")
        cluster.down(NAME)


def _message(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr, flush=True)


def _wizard(environment: Mapping[str, str], folder: Path) -> int:
    """Run the wizard in a folder of its own, so that it does not write the values file into the checkout."""
    person = sys.stdin.isatty() and sys.stdout.isatty()
    words = () if person else ("install", "--preset", "dev", "--yes")
    _message("opening the wizard" if person else f"llm-cost-ops-wizard {' '.join(words)}")
    with subprocess.Popen([sys.executable, "-m", "wizard", *words], cwd=folder, env=environment) as child:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the wizard handles Ctrl-C
        try:
            return child.wait()
        finally:
            signal.signal(signal.SIGINT, before)
            if child.poll() is None:
                child.terminate()


async def _end_runs(context: str) -> None:
    """Stop the runs that go on: they would wait for a cluster that is about to be removed."""
    from wizard.adapters.runs.store import RunFiles

    runs = RunFiles()
    for run in runs.runs():
        if run.target.context == context and run.state == "running":
            _message(f"stopping run {run.id}")
            try:
                await runs.command(run.id, "cancel")
                async with asyncio.timeout(15):
                    async for _ in runs.follow(run.id):
                        pass
            except (Problem, TimeoutError) as problem:
                _message(f"run {run.id} did not end: {problem or 'no answer within 15 s'}")


if __name__ == "__main__":
    sys.exit(main())
