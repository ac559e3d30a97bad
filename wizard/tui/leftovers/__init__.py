"""What releases that are gone have left."""
