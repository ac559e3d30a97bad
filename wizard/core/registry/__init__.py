"""What an image is called, which login is for its registry, and what a registry says of it."""
