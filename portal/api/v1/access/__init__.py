"""Who may do what: tokens, and what administrators see."""
