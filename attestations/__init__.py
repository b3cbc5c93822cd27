"""Statements, signatures, trust, verification and replay."""
