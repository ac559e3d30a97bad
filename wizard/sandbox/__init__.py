"""A real control plane on this machine, for the demo, for practice and for tests."""
