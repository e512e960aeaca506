"""Insights: maturity, trends, coverage, ownership and risk, and the digest of a week."""
