"""Tests of policies: found, run on each engine under limits, and explained where they do not pass."""
