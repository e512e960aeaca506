"""Who is asking, and where it is kept: database, API, pages, background work, command line."""
