"""What one model does under one regimen, outside any study: a virtual patient, a cohort, or the band beside real samples.

from inferon.simulation import compare_courses, simulate
simulate("transplant", doses=["peginterferon alfa-2a 180 ug every 14 days 4 doses from day -1"], patients=200).bands
compare_courses("bcr_abl.csv").whole
"""

from inferon.simulation.course_comparison import CourseComparison as CourseComparison
from inferon.simulation.course_comparison import compare_courses as compare_courses
from inferon.simulation.files import write_comparison as write_comparison
from inferon.simulation.files import write_simulation as write_simulation
from inferon.simulation.records import simulate_table as simulate_table
from inferon.simulation.results import Simulation as Simulation
from inferon.simulation.simulate import simulate as simulate
