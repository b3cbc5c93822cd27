"""Signing without a key, by the identity of a CI job, and checking what was signed so."""
