"""The rows of lanes that say where each lane is in time: what the compiled loop and the generated turn share."""

(
    T,  # day
    H,  # step being tried
    T_NEW,  # day after it
    NEXT,  # step to try next
    STOP,  # day at which the lane must land: a dose, a delayed event, a visit's end
    DUE,  # day of the next sample
    ACTIVE,  # 1 in lanes that hold a patient
    ACCEPTED,  # 1 where the step was accepted
    ERROR,  # mean of the squared scaled errors; at most 1 is accepted
    TAKEN,  # steps accepted so far
    REFUSED,  # steps rejected so far
    STAGE,  # day of the stage being evaluated
) = range(12)
ROWS = 12
REACH = 8.0 / 27.0
"""How far from both ends, in slopes, a condition's distance may have turned inside a step: a cubic reaches half as far."""
LEAST_BLIND_STEP = 1e-8
"""Days below which a step whose error is not a number is not tried again."""
JUST_AFTER, JUST_AFTER_PART = 1e-9, 1e-13
"""Days, or part of the day: how long after its stop a condition that was true until then is false."""
LANDING_BIT = 32
"""In what ``turn`` returns, bits from 0 on mark lanes that need attention, from here on lanes that have reached their stop."""
