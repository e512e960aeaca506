"""What people decide and are told: exemptions, campaigns, notices."""
