"""Closed forms of module H: the steady state before treatment, the first phase, and where a product's half effect lies.

Source: Neumann et al., Science 1998;282:103; specification of module H, sections 2 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def steady_state(values: Mapping[str, float]) -> dict[str, float]:
    """Target cells, infected cells and virions (per mL) of a chronic infection; ``values`` by symbol.

    Raises ``ValueError`` where the virus cannot keep itself up (fewer than one new infection an infected cell).
    """
    reproduction = values["s"] * values["p"] * values["beta"] / (values["d"] * values["c"] * values["delta"])
    if reproduction <= 1:
        raise ValueError(f"an infected cell makes {reproduction:.3g} new ones: there is no chronic infection")
    target = values["c"] * values["delta"] / (values["p"] * values["beta"])
    virus = (values["s"] / target - values["d"]) / values["beta"]
    return {"T": target, "I": values["c"] * virus / values["p"], "V": virus}


def first_phase(efficacy: np.ndarray) -> np.ndarray:
    """Fall of the viral load (log10) at which the first phase of a constant efficacy (0-1) levels off."""
    return -np.log10(1 - np.asarray(efficacy, dtype=float))


def half_effect(reference: float, potency_of_reference: float, potency: float) -> float:
    """Concentration (ng/mL of a product) of half the antiviral effect, from that of a reference product and both potencies.

    Equal potency-corrected concentrations are taken to have equal effect (assumed).
    """
    return reference * potency_of_reference / potency
