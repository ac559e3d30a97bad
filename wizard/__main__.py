"""The program: `llm-cost-ops-wizard`, also `python -m wizard`."""

# No `from __future__`: before main() it could be imported from the current folder.
import gc
import sys

from wizard import SELDOM, process


def main() -> int:
    """Run the command line of this process and return its exit code."""
    sys.path[:] = process.import_folders()
    # Imports create 300 000 objects that stay: scanning them for garbage takes a tenth of the launch.
    gc.disable()
    gc.set_threshold(*SELDOM)
    process.no_dump()
    from wizard.cli import parser

    return parser.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
