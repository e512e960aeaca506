"""Definitions: documents read into scorecards, every fault at its place, and how two of them differ."""
