"""What changed: former versions, the catalog at an instant, and the feed of changes."""
