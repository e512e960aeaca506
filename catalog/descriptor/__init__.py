"""Descriptors: from the bytes of a file to valid entities, every fault at its place."""
