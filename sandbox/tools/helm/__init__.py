"""A `helm` command line over Helm as a library: what deployment scripts use, and nothing else."""
