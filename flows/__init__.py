"""What happens in which order: one flow per file, and each also runs alone."""
