"""What several estimators need: columns read and checked, risk sets, limits, weights, pictures."""
