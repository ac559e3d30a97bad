"""Widgets that paint rows of toned text; none of them knows the engine."""
