"""The LLM Cost Ops installer: version only, imports nothing."""

__version__ = "1.0.0"
