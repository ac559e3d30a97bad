"""The program: `llm-cost-ops-wizard`, also `python -m wizard`."""

from __future__ import annotations

import gc
import sys

from wizard import SELDOM


def main() -> int:
    """Run the command line of this process and return its exit code."""
    # Importing makes 300 000 objects that all stay: looking through them for garbage costs a tenth of the launch.
    gc.disable()
    gc.set_threshold(*SELDOM)
    from wizard import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
