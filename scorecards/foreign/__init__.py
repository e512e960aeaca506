"""Checks of Tech Insights, as scorecards of ours."""
