"""What is made to be published; nothing of it is in the wheel."""
