"""The study file: one YAML in, one typed and frozen study out, errors that name the line and the field."""

from inferon.study.document import Origin as Origin
from inferon.study.errors import InputError as InputError
from inferon.study.errors import nearest as nearest
from inferon.study.names import check_names as check_names
from inferon.study.quantities import DAYS_PER_MONTH as DAYS_PER_MONTH
from inferon.study.quantities import DAYS_PER_YEAR as DAYS_PER_YEAR
from inferon.study.quantities import Dose as Dose
from inferon.study.reading import make_study as make_study
from inferon.study.reading import parse_study as parse_study
from inferon.study.reading import plain as plain
from inferon.study.reading import read_study as read_study
from inferon.study.reading import resolved_yaml as resolved_yaml
from inferon.study.reading import revise as revise
from inferon.study.ready import ready_studies as ready_studies
from inferon.study.ready import ready_study as ready_study
from inferon.study.schema import study_schema as study_schema
from inferon.study.specification import Arm as Arm
from inferon.study.specification import Cohort as Cohort
from inferon.study.specification import Dosing as Dosing
from inferon.study.specification import Power as Power
from inferon.study.specification import Published as Published
from inferon.study.specification import Study as Study
from inferon.study.specification import Trial as Trial
