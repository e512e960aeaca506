"""The exceptions of scorecards. What the author of a scorecard can fix is a `Problem` instead."""


class ScorecardError(Exception):
    """Something about scorecards could not be answered."""


class ExpressionError(ScorecardError):
    """An expression does not compile. `args[0]` is a sentence; `line` and `column` are from 1."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
