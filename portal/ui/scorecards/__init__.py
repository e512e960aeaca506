"""Scorecards: the list, the page of each, its versions, and the editor that tries a change."""
