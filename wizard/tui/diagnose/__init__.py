"""What is wrong with a release."""
