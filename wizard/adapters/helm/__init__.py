"""helm, charts, and the YAML documents that helm reads."""
