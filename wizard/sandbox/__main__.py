"""`python -m wizard.sandbox`: the sandbox commands alone, without the rest of the wizard."""

from __future__ import annotations

import argparse
import sys

from wizard.sandbox import cli


def main() -> int:
    """Parse the command line and run one sandbox command."""
    parser = argparse.ArgumentParser(prog="python -m wizard.sandbox", description=cli.DESCRIPTION)
    cli.add_commands(parser.add_subparsers(dest="sandbox_command", required=True, metavar="COMMAND"))
    return cli.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
