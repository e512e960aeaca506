"""What many results come to: rollups, trends, gaps, and what simulations read."""
