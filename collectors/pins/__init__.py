"""Pins: digests that documents lying in the pipeline state of its files. One module for each format of document."""
