"""Another process reads while this one imports; whatever happens to it, this one goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import asyncio, json, os, sys, time
from wizard.read_ahead import ReadAhead

def value():
    print("this must not be seen")
    return {"pid": os.getpid(), "large": "x" * 1_000_000}

def failure():
    raise OSError("no cluster")

def killed():
    os.kill(os.getpid(), 9)

def slow():
    time.sleep(60)

def half():
    os.write(4, b"\\x80\\x04half")
    os.kill(os.getpid(), 9)

async def impatient(ahead):
    try:
        await asyncio.wait_for(ahead.result(), 0.2)
    except TimeoutError:
        return "gave up"

ahead = ReadAhead(globals()[sys.argv[1]], 1)
result = asyncio.run(impatient(ahead) if sys.argv[2:] else ahead.result())
children = open(f"/proc/self/task/{os.getpid()}/children").read()
print(json.dumps({"result": result, "own": os.getpid(), "children": children}))
"""


def run(*words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    printed: dict[str, object] = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1, "the other process has written to standard output"
    return printed


def test_the_result_comes_from_another_process_that_leaves_no_child() -> None:
    printed = run("value")
    result = printed["result"]
    assert isinstance(result, dict)
    assert result["pid"] != printed["own"]
    assert len(result["large"]) == 1_000_000
    assert printed["children"] == ""


@pytest.mark.parametrize("how", ["failure", "killed", "slow", "half"])
def test_a_reading_process_that_fails_gives_nothing(how: str) -> None:
    assert run(how)["result"] is None


def test_who_stops_waiting_does_not_wait_for_the_process() -> None:
    assert run("slow", "give up")["result"] == "gave up"
