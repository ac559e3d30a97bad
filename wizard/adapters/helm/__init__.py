"""helm, charts and the documents it reads."""
