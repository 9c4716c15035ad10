"""Why patients cannot be chosen as asked: one sentence, and the place in the question it is about."""

from __future__ import annotations

from collections.abc import Sequence


class CannotSelect(ValueError):
    """No patients as asked.

    path      where in the question: `ranges`, or `target` with perhaps a covariate and its class
    found     what stands there
    allowed   a sentence, or the values allowed
    """

    def __init__(
        self, message: str, *, path: tuple[str, ...], found: object = None, allowed: str | Sequence[str] | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.found, self.allowed = message, path, found, allowed
