"""The catalog as people look through it: the list, views, search, problems, a descriptor to try."""
