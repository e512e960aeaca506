"""What children of the pool do: they parse, collect and evaluate, and own nothing."""
