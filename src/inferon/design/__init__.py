"""The design room: what a trial of a given size would show."""

from inferon.design.operating_characteristics import Power, power_of_incidence_difference

__all__ = ["Power", "power_of_incidence_difference"]
