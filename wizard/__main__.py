"""The program: `llm-cost-ops-wizard`, also `python -m wizard`."""

# No `from __future__`: it is a module too, and until main() the current folder may be searched for it.
import gc
import sys

from wizard import SELDOM, process


def main() -> int:
    """Run the command line of this process and return its exit code."""
    sys.path[:] = process.import_folders()
    # Importing makes 300 000 objects that all stay: looking through them for garbage costs a tenth of the launch.
    gc.disable()
    gc.set_threshold(*SELDOM)
    process.no_dump()
    from wizard.cli import parser

    return parser.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
