"""Starts the runner by path: `python -I start.py FOLDER...`, with the folders that the front end imports from.

Isolated Python takes no module from the current folder, and nothing from PYTHONPATH or a person's own site-packages. So all
folders that the wizard itself was imported from must be named; the environment stays as it is for helm and login plugins.
"""

import sys

if __name__ == "__main__":
    sys.path[:] = sys.argv[1:]
    from wizard.runner.__main__ import main

    sys.exit(main())
