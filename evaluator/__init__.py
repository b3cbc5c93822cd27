"""The evidence graph, the policies and the outcomes: pure, but for reading policies from disk."""
