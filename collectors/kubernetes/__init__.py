"""Kubernetes manifests, read and judged without a cluster."""
