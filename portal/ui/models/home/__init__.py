"""Home: what needs attention, what lifts most services, and how far the first run is."""
