"""The protocol room: what is given and measured, and when."""

from inferon.protocol.nonmem import Records, read_records
from inferon.protocol.products import PRODUCTS, Product, product
from inferon.protocol.record_doses import Compartment
from inferon.protocol.record_simulation import simulate_records
from inferon.protocol.record_writing import INTERFERON_COMPARTMENTS, INTERFERON_COVARIATES, to_records
from inferon.protocol.records import Regimen, dosing, graft_infusion
from inferon.protocol.visits import MONTH, MRD_VISITS

__all__ = [
    "INTERFERON_COMPARTMENTS",
    "INTERFERON_COVARIATES",
    "MONTH",
    "MRD_VISITS",
    "PRODUCTS",
    "Compartment",
    "Product",
    "Records",
    "Regimen",
    "dosing",
    "graft_infusion",
    "product",
    "read_records",
    "simulate_records",
    "to_records",
]
