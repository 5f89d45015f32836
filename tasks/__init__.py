"""How each step is done: one module per outside system, on a few ground modules."""
