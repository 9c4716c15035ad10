"""Cox and Fine–Gray, what they predict, and how good it is."""
