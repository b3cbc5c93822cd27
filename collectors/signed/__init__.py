"""Signed documents that lie in a pipeline: found, verified, read."""
