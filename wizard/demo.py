"""`make demo`: a real control plane, the wizard on it, and nothing left behind.

On a terminal the wizard opens at home; otherwise the dev preset is installed in lines. The exit code is the wizard's.
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
    sys.exit(128 + number)  # through the finally below, so that the sandbox is taken down


def _demo() -> int:
    from wizard.sandbox import cluster, toolchain

    try:
        toolchain.ensure(toolchain.NAMES, toolchain.ProgressLines(_talk))
    except toolchain.ToolError as error:
        raise Problem(str(error)) from error
    cluster.down(NAME)  # what an earlier demo that was killed left behind
    try:
        info = cluster.up(NAME, progress=_talk)
        folder = Scratch("demo")
        try:
            code = _wizard({**os.environ, **cluster.environment(NAME)}, folder.path)
            asyncio.run(_end_runs(info.context))
        finally:
            folder.remove()
        return code
    finally:
        _talk("taking the sandbox down")
        cluster.down(NAME)


def _talk(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr, flush=True)


def _wizard(environment: Mapping[str, str], folder: Path) -> int:
    """Run the wizard in a folder of its own, so that the values file does not end in the checkout."""
    person = sys.stdin.isatty() and sys.stdout.isatty()
    words = () if person else ("install", "--preset", "dev", "--yes")
    _talk("opening the wizard" if person else f"llm-cost-ops-wizard {' '.join(words)}")
    with subprocess.Popen([sys.executable, "-m", "wizard", *words], cwd=folder, env=environment) as child:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the wizard's; it decides what that means
        try:
            return child.wait()
        finally:
            signal.signal(signal.SIGINT, before)
            if child.poll() is None:
                child.terminate()


async def _end_runs(context: str) -> None:
    """Stop what still runs on the sandbox: it would wait for a cluster that is about to go."""
    from wizard.adapters.runs.store import RunFiles

    runs = RunFiles()
    for one in runs.runs():
        if one.target.context == context and one.state == "running":
            _talk(f"stopping run {one.id}")
            try:
                await runs.command(one.id, "cancel")
                async with asyncio.timeout(15):
                    async for _ in runs.follow(one.id):
                        pass
            except (Problem, TimeoutError) as problem:
                _talk(f"run {one.id} did not end: {problem or 'no answer within 15 s'}")


if __name__ == "__main__":
    sys.exit(main())
