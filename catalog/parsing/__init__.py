"""YAML and JSON files as documents: parsing, problems with their places, positions of values."""
