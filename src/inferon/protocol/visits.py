"""The transplant calendar: day 0 is the graft, a month is 30.4375 days."""

from inferon.biology.calendar import DAYS_PER_MONTH

MONTH = DAYS_PER_MONTH
"""Days in a month (365.25 / 12)."""

MRD_VISITS = (30, 60, 90)
"""Days after the graft at which measurable residual disease is assayed."""
