"""Taking back what was signed: signed statements against verdicts, keys, identities, evidence and policies."""
