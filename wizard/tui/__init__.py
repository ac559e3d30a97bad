"""The full-screen face: asks the engine's Session and watches it; has no logic of its own."""

import os

_FPS = "TEXTUAL_FPS"

if _FPS not in os.environ:
    # Textual reads this once. At its own 60 a key waits 8 ms for its paint and not 4; nothing is painted more often,
    # for screens look at what changed 40 times a second. Taken back, for a run's helm has the person's environment.
    os.environ[_FPS] = "120"
    import textual.constants  # noqa: F401 - it is imported to read the variable

    del os.environ[_FPS]
