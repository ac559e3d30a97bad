"""A run while it goes on and when it is over."""
