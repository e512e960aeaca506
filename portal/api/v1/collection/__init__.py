"""How facts come: packs, fetches, asking now, and pushing."""
