"""How entities came to be as they are: versions, differences, and the feed that others follow."""
