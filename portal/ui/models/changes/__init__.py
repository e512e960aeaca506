"""What changed: the past of an entity, recent changes of services, and a week of them."""
