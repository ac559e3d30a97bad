"""Text from outside and for people: sanitised, with secrets masked."""
