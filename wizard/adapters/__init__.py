"""The only code that touches the world: cluster, helm, files, clock, processes."""
