"""Insights: maturity by level and group, the heat map, trends, coverage, and risks."""
