"""The catalog as a list: the query in the URL, facets, columns, views, what a search found."""
