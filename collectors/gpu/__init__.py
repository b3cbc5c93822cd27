"""GPU state as the driver reports it, and GPU sharing as configuration files set it up."""
