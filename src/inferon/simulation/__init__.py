"""What one model does under one regimen: a virtual patient or a cohort, outside any study.

from inferon.simulation import simulate
simulate("transplant", doses=["peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"], patients=200).bands
"""

from inferon.simulation.files import write_simulation as write_simulation
from inferon.simulation.records import simulate_table as simulate_table
from inferon.simulation.results import Simulation as Simulation
from inferon.simulation.simulate import simulate as simulate
