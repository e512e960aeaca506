"""Scorecards and what they say: definitions, results now and then, explanations, badges."""
