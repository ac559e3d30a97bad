"""The bundle: one observation of a release in a file that may be given away, and read again without a cluster."""
