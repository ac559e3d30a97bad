"""The leftovers of uninstalled releases."""
