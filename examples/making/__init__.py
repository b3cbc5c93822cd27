"""What ``regenerate.py`` makes the examples with; not part of the package that is installed."""
