"""Programs that the sandbox brings along, for machines that do not have them."""
