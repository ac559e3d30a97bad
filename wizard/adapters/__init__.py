"""The only code that does input and output: cluster, helm, files, clock, processes."""
