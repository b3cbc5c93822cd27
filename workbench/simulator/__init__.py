"""Whole pipelines in memory, for tests of controls: see ``pipeline``."""

from .pipeline import NOW, SimulatedPipeline, bad_graphs, good_graph, parameters, scaled_graph, waivers

__all__ = ["NOW", "SimulatedPipeline", "bad_graphs", "good_graph", "parameters", "scaled_graph", "waivers"]
