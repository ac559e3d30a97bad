"""The line face: readable lines, JSON and prompts over the same engine."""
