"""People of forges: the users and groups of organizations, as documents that the catalog reads."""
