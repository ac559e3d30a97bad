"""The page of an incident as HTML."""
