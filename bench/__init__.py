"""Side-by-side measurements: ours beside the bare thing, in alternating rounds of one run. Never a timed test."""
