"""Home: the state of cluster and releases, and what can be done."""
