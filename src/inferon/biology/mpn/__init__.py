"""JAK2 V617F myeloproliferative neoplasm (module G): equations, parameters, card, closed forms."""
