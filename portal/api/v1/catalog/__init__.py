"""What the catalog holds: entities, lists of them, their documentation and graph, and why they are in it."""
