"""Keys: made, read, judged, and turned into signers."""
