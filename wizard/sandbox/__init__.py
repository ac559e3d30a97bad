"""A real control plane on this machine, for the demo, for rehearsals and for tests."""
