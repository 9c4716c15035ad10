"""What readers call the columns of the tables: endpoints, readouts with units, families, drugs."""

from dataclasses import dataclass

from inferon.report.words import sentence, when

NO_BREAK = "\N{NO-BREAK SPACE}"
ENDPOINTS = {
    "relapse": "relapse",
    "non_relapse_mortality": "non-relapse mortality",
    "overall_survival": "overall survival",
    "leukaemia_free_survival": "leukaemia-free survival",
    "acute_gvhd_2_4": "acute GVHD II–IV, trial endpoint",
    "acute_gvhd_3_4": "acute GVHD III–IV, trial endpoint",
    "acute_gvhd_2_4_reference": "acute GVHD II–IV, reference read-out",
    "acute_gvhd_3_4_reference": "acute GVHD III–IV, reference read-out",
    "engraftment": "engraftment",
    "mrd": "MRD by flow cytometry",
}

SURVIVAL_ASSUMPTION = "The post-relapse death rate is an assumption of the run."
GVHD_DEFINITIONS = (
    "Acute GVHD is read out in two ways. Reference read-out: the share of all virtual patients whose GVHD index passes "
    "the threshold by day 180, the solution being continued past relapse and death. Trial endpoint: the cumulative "
    "incidence with relapse and death as competing events, so that a difference between arms contains a "
    "competing-risk effect."
)


@dataclass(frozen=True)
class Readout:
    """One quantity of the mechanism: its title, its unit as printed on an axis, and whether it starts at zero."""

    title: str
    unit: str
    from_zero: bool = True


READOUTS = {
    "C": Readout("Drug level in serum", "ng/mL"),
    "S_isg": Readout("Interferon signal (desensitising)", "0–1"),
    "H_x": Readout("Host cross-presenting dendritic cells", "0–1"),
    "T_L": Readout("Leukaemia-specific T cells", "relative units"),
    "log10_L": Readout("Leukaemic load", "log10 cells", from_zero=False),
    "G": Readout("GVHD damage index", "0–1"),
}

ROUTES = {
    "sc": "subcutaneously",
    "subcutaneous": "subcutaneously",
    "iv": "intravenously",
    "intravenous": "intravenously",
    "oral": "by mouth",
}
UNITS = {"ug": "µg", "mcg": "µg"}


def endpoint_name(endpoint: str) -> str:
    """The reader's name of an endpoint; an unknown one is shown with spaces for underscores."""
    return ENDPOINTS.get(endpoint, plain(endpoint))


def heading(endpoint: str, time_days: float) -> str:
    """An endpoint and its time as the heading of a column, the time kept on one line."""
    return f"{sentence(endpoint_name(endpoint))}, {when(time_days).replace(' ', NO_BREAK)}"


def plain(name: str) -> str:
    """A machine name as words: "slow_disease" -> "slow disease"."""
    return str(name).replace("_", " ")


def unit_name(unit: str) -> str:
    """The printed form of a dose unit: "ug" -> "µg"."""
    return UNITS.get(unit, unit)
