"""One registry of pure rules over a snapshot of facts: checks (before a run) and findings (during and after)."""
