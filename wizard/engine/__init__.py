"""Use cases. The engine does the work and decides what is safe; front ends ask it and show it."""
