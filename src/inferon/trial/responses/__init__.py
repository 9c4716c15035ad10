"""Responses by the field's definitions, one file a disease, each derived from simulated assays at visits."""
