"""Acceptance checks, one file a module of the biology; see `inferon.evidence.check`."""
