"""What happens at one follow-up time: counted over the rows that share it."""

from inferon.statistics.batch.cache import inside


@inside
def leaving(time, cause, arm, row, end, wanted):
    """Counts over the rows from ``row`` on with its time: wanted and other events, and everybody, in arms 0 and 1.

    The first number is the row after the last of them. ``wanted`` is a cause, or 0 for any. A row is read once,
    without branches.
    """
    now = time[row]
    own, other, everybody = 0, 0, 0
    own_in_1, other_in_1, everybody_in_1 = 0, 0, 0
    while row < end and time[row] == now:
        happened = cause[row] != 0
        is_own = happened and (wanted == 0 or cause[row] == wanted)
        is_other = happened and not is_own
        in_1 = arm[row]
        own += is_own
        other += is_other
        everybody += 1
        own_in_1 += in_1 * is_own
        other_in_1 += in_1 * is_other
        everybody_in_1 += in_1
        row += 1
    return (
        row, own - own_in_1, own_in_1, other - other_in_1, other_in_1, everybody - everybody_in_1, everybody_in_1,
    )  # fmt: skip


@inside
def in_arm_1(arm, begin, end):
    """Patients of arm 1 among these rows."""
    count = 0
    for row in range(begin, end):
        count += arm[row]
    return count
