"""Scorecards: how entities stand on one, its definition, versions, and what a change would do."""
