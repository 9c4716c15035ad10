"""Numbers and lists as a reader of a medical journal expects them: one place decides how a percentage looks."""

from collections.abc import Sequence

DAYS_PER_MONTH = 30.4375
SAME_MONTH_DAYS = 0.4
MISSING = "–"
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def percent(fraction: float | None, *, digits: int = 1) -> str:
    """0.3604 -> "36.0%"; None -> a dash."""
    return MISSING if fraction is None else f"{number(fraction, digits=digits)}%"


def number(fraction: float | None, *, digits: int = 1) -> str:
    """A fraction as percentage points without the sign: 0.3604 -> "36.0"."""
    return MISSING if fraction is None else f"{100 * fraction:.{digits}f}"


def in_percent(fraction: float | None) -> float | None:
    """A fraction on the scale of a percent axis; None stays None."""
    return None if fraction is None else 100 * fraction


def published_percent(fraction: float | None) -> str:
    """A percentage with the digits it was published with: 0.39 -> "39%", 0.395 -> "39.5%"."""
    return MISSING if fraction is None else f"{round(100 * fraction, 2):.4g}%"


def interval(lower: float | None, upper: float | None, *, digits: int = 1) -> str:
    """ "34.5–37.5"; a dash when a limit is missing."""
    if lower is None or upper is None:
        return MISSING
    return f"{number(lower, digits=digits)}–{number(upper, digits=digits)}"


def span(values: Sequence[float], *, digits: int = 1) -> str:
    """The range of several fractions: "36.0–37.4"; one number when they print alike."""
    low, high = number(min(values), digits=digits), number(max(values), digits=digits)
    return low if low == high else f"{low}–{high}"


def when(time_days: float) -> str:
    """A study day as readers say it: 182.625 -> "6 months", 28 -> "day 28"."""
    whole = round(time_days / DAYS_PER_MONTH)
    if whole < 1 or abs(time_days - whole * DAYS_PER_MONTH) > SAME_MONTH_DAYS:
        return f"day {time_days:g}"
    return f"{whole} month" if whole == 1 else f"{whole} months"


def chance(probability: float) -> str:
    """A probability in percent; one too close to 0 or 1 to print as a bound."""
    if probability < 0.001:
        return "<0.1%"
    return ">99.9%" if probability > 0.999 else percent(probability)


def count(value: float) -> str:
    """A count with thin thousands: 40000 -> "40 000", 4000 -> "4000"."""
    whole = f"{round(value):,}"
    return whole.replace(",", "" if abs(value) < 10_000 else "\N{NARROW NO-BREAK SPACE}")


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plural(amount: int, noun: str, *, several: str | None = None) -> str:
    """ "one family", "five families", "12 families"."""
    return f"{in_words(amount)} {noun if amount == 1 else several or noun + 's'}"


def in_words(amount: int) -> str:
    """A count below ten in letters."""
    return SMALL[amount] if 0 <= amount < len(SMALL) else count(amount)


def sentence(text: str) -> str:
    """The text with its first letter raised, the rest as it is."""
    return text[:1].upper() + text[1:]
