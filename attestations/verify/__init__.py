"""Verification, one row per check: of verdict packages, of single documents, and of the files that they are about."""
