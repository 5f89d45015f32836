"""Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs: who makes pods, and how many."""
