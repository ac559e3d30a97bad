"""Before anything is changed: facts, checks, and the overview of home."""
