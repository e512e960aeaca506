"""What people say and are told, on pages with forms: exemptions, campaigns, notices."""
