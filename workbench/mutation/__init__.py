"""Tests of policies, tested: what nobody notices when a policy or its evidence is spoilt, one place at a time."""
