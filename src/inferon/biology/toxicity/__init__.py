"""Side effects: hazards, closed forms, laboratory grades and dose rules (module I)."""
