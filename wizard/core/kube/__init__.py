"""Kubernetes objects and what they mean for a release."""
