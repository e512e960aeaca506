"""Background work: what is done for a key, and the engine that does it."""
