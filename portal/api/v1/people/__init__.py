"""What people decide: exemptions, answers, campaigns, and what they are told."""
