"""What exists: entities, read from descriptors that teams keep in their repositories."""
