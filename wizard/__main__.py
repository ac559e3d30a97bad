"""The program: `llm-cost-ops-wizard`, also `python -m wizard`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line of this process and return its exit code."""
    from wizard import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
