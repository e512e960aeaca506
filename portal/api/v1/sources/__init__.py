"""What is read: locations, deliveries of forges, what is removed, and work that is asked for."""
