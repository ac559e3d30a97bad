"""Before a change: facts, checks, and the overview of home."""
