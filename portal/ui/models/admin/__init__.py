"""Admin: what waits, what went, what is installed, and the tokens that give access."""
