"""Rego as text with a structure: what checks, mutation and coverage look at before anything is evaluated."""
