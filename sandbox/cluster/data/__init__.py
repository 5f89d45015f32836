"""Facts about Kubernetes' API, and the program that renews them."""
