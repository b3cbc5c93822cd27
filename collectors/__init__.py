"""Collectors: each turns one source of evidence into observations of the evidence graph."""
