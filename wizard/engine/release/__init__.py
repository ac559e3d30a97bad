"""An existing release: listed, compared, planned, rolled back, recovered, uninstalled."""
