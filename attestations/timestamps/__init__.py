"""Timestamps (RFC 3161): asked for, checked, and kept in one form."""
