"""Widgets that paint rows of text spans; none of them knows the engine's session."""
