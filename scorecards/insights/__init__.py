"""What many results come to: rollups, trends, coverage, simulations, and what to do next."""
