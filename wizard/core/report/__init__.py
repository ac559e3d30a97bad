"""The page of an incident as plain rows, for a template to print."""
