"""The kubelet of all nodes: pods start, become ready, run commands for real, and end."""
