"""A run: its events, the view that is reduced from them, its log lines."""
