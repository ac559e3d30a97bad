"""The recorded runs of this machine and the processes that make them."""
