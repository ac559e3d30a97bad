"""Whether people reach a release: its ways in, what a request by each met, and what follows from that."""
