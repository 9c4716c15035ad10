"""Addressed random streams: every draw is a pure function of (study seed, stream name, patient, index)."""

from inferon.random.streams import exponential, normal, stream_key, uniform

__all__ = ["exponential", "normal", "stream_key", "uniform"]
