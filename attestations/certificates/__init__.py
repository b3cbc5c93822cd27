"""X.509 certificates of private authorities: chains, holders, and the signatures that they make."""
