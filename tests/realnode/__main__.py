"""`python -m tests.realnode able|build|up|down`: the real node by hand, and for make; build and up take parts of `way_in`."""

from __future__ import annotations

import sys
import time

from tests.realnode import needs, node, way_in
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
            case ["build", *parts] if set(parts) <= set(way_in.PARTS):
                node.build(say)
                for part in parts:
                    way_in.build(part, say)
            case ["up", *parts] if set(parts) <= set(way_in.PARTS):
                running = node.up(say)
                for part in parts:
                    way_in.start(running, part, say)
                print(f"export KUBECONFIG={running.kubeconfig}")
            case ["down"]:
                node.down()
            case _:
                raise Problem(
                    "What to do is missing.",
                    f"Say one of able, build, up, down; after build or up any of {', '.join(way_in.PARTS)}.",
                )
    except Problem as problem:
        print(problem, file=sys.stderr)
        return int(problem.code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
