"""How leukaemia begins: hazards by age and exposure, competing risks over a lifetime, and the age of the clone."""
