"""Home: what is there and what can be done."""
