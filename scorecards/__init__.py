"""How good it is: facts, checks, levels, and what to do next."""
