"""The review before a run: answers, checks, plan."""
