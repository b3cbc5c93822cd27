"""Signed documents of every form, read and verified against the trust policy."""
