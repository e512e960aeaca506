"""The exceptions of scorecards. What the author of a scorecard can fix is a `Problem` instead."""


class ScorecardError(Exception):
    """Something about scorecards could not be answered."""


class ExpressionError(ScorecardError):
    """An expression does not compile. `args[0]` is a sentence."""
