"""The full-screen front end: asks the engine's Session and watches it; has no logic of its own."""

import os

_FPS = "TEXTUAL_FPS"

if _FPS not in os.environ:
    # Textual reads this once. At its default of 60 a key waits 8 ms for its paint instead of 4; nothing is painted more
    # often, because screens poll for changes 40 times a second. Deleted again: helm gets the person's environment.
    os.environ[_FPS] = "120"
    import textual.constants  # noqa: F401 - the import reads the variable

    del os.environ[_FPS]
