"""How connections are taken, answered and let go: what gunicorn does not do as we need it."""
