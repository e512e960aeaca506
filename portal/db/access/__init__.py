"""Who may come in: sessions of browsers, and tokens."""
