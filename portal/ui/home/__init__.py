"""Home: whose services are mine, what to fix first, what is starred, and the first run."""
