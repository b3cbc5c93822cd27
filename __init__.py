"""Probatum: security controls of ML pipelines, decided by Rego over evidence and proven by a signed verdict."""

__version__ = "0.1.0"
