"""Where pods go: which nodes there are, which of them a pod fits, and what happens if none does."""
