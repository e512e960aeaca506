"""Where things are: sources and collectors, built-in ones through the same door as any other."""
