"""All values of a chart."""
