"""The web edge without pages: our own API, Backstage's, health, sign-in, errors."""
