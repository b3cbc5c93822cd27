"""Signed documents that other tools make: one file per form, from what it looks like to the bytes that are verified."""
