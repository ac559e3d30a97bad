"""A person's answers: the questions, what they resolve to, the values file that comes of them."""
