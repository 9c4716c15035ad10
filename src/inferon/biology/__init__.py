"""The science as data: one folder a module with equations (Antimony), parameters (CSV) and a card (Markdown)."""
