"""Other systems: what they know about entities, asked by recipes and remote collectors."""
