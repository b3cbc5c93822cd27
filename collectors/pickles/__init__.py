"""A static analyser of pickles: it follows a stream without running it, and judges every import by an allow-list."""
