"""What scorecards say: results, how they came to be, and the definitions that they are of."""
