"""Text from outside and for people: made safe to show, secrets masked."""
