"""The cohort room: who the virtual patients are."""

from inferon.cohort.families import FAMILIES, family_values
from inferon.cohort.populations import POPULATIONS, Cohort, draw_cohort

__all__ = ["FAMILIES", "POPULATIONS", "Cohort", "draw_cohort", "family_values"]
