"""How a patient's integration ended: failure is a value with a sentence."""

from enum import IntEnum


class Status(IntEnum):
    """Result code of one virtual patient."""

    RUNNING = 0
    FINISHED = 1
    PAUSED = 2
    TOO_MANY_STEPS = 3
    STEP_TOO_SMALL = 4
    NOT_FINITE = 5
    EVENTS_DO_NOT_SETTLE = 6
    ORDER_OF_EVENTS_IS_RANDOM = 7
    TOO_MANY_WAITING = 8

    @property
    def sentence(self) -> str:
        """What a user reads in the status column."""
        return _SENTENCES[self]

    @property
    def failed(self) -> bool:
        """Whether the patient could not be solved."""
        return self > Status.PAUSED


_SENTENCES = {
    Status.RUNNING: "not finished",
    Status.FINISHED: "ok",
    Status.PAUSED: "paused at an event",
    Status.TOO_MANY_STEPS: "the maximum number of steps was reached; loosen the tolerance or raise max_steps",
    Status.STEP_TOO_SMALL: "the step size fell below what time can resolve; the equations are too stiff for this method",
    Status.NOT_FINITE: "a state became infinite or not a number; check the patient's parameters",
    Status.EVENTS_DO_NOT_SETTLE: "events kept triggering each other at one instant",
    Status.ORDER_OF_EVENTS_IS_RANDOM: "two events of equal priority were due at one instant and their order, which matters, "
    "is left to chance",
    Status.TOO_MANY_WAITING: "more executions of delayed events are waiting than the settings have room for; raise waiting",
}
