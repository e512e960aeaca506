"""What many results say together: rollups, trends, coverage, advice, risks, and the digest."""
