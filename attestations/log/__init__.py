"""The embedded transparency log: an append-only Merkle tree in files, with signed checkpoints and offline proofs."""
