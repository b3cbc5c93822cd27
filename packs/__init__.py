"""Packs of policies: where they come from, what pins them, who signed them, and how they lie on each other."""
