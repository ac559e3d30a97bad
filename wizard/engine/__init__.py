"""Use cases. The engine does the work; faces ask it and watch it."""
