"""A person's answers: the questions, the resolved answers, and the values file that is built from them."""
