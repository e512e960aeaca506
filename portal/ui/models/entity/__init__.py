"""One entity: its header and overview, ladder, facts, documentation, and descriptor."""
