"""`python -m tests.realnode able|build|up|down`: the real node by hand, and for make."""

from __future__ import annotations

import sys
import time

from tests.realnode import needs, node
from wizard.core.errors import Exit, Problem


def main(arguments: list[str]) -> int:
    """Do what is asked and return the exit code."""
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {line}", file=sys.stderr, flush=True)

    try:
        match arguments:
            case ["able"]:
                reason = needs.why_not()
                if reason:
                    print(reason)
                    return int(Exit.REFUSED)
            case ["build"]:
                node.build(say)
            case ["up"]:
                print(f"export KUBECONFIG={node.up(say).kubeconfig}")
            case ["down"]:
                node.down()
            case _:
                raise Problem("What to do is missing.", "Say one of able, build, up, down.")
    except Problem as problem:
        print(problem, file=sys.stderr)
        return int(problem.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
