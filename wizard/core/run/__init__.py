"""A run: its events, the view that is built from them, its log lines."""
