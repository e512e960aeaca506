"""What people say and are told: answers, exemptions, campaigns, notices."""
