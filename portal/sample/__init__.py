"""The sample organization."""
