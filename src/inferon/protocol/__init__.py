"""The protocol room: what is given and measured, and when."""

from inferon.protocol.products import PRODUCTS, Product, product
from inferon.protocol.records import Regimen, dosing, graft_infusion
from inferon.protocol.visits import MONTH, MRD_VISITS

__all__ = ["MONTH", "MRD_VISITS", "PRODUCTS", "Product", "Regimen", "dosing", "graft_infusion", "product"]
