"""The verdict package: what is in it, and how it is written."""
