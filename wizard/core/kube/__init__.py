"""Kubernetes' objects: what they mean for a release."""
