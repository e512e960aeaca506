"""What is in the catalog, as it is asked for: filters, lists, search, facets, and the graph of relations."""
