"""Small computations with answers known beforehand, one for each part that could be broken on a machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

DECAY = 0.3  # 1/day
DAYS = 20.0
EXACT = 1e-6  # relative error allowed where the answer has a closed form


@dataclass(frozen=True)
class Finding:
    """What one check found: whether it passed, how long it took, and a few words."""

    name: str
    passed: bool
    seconds: float
    detail: str

    def plain(self) -> dict[str, object]:
        """The finding as plain values."""
        return asdict(self)


class Wrong(Exception):
    """The computation ran and its answer is not the known one."""


def findings() -> Iterator[Finding]:
    """Run the checks one after another; each is imported, run and judged by itself."""
    for name, check in CHECKS.items():
        yield _judge(name, check)


def _judge(name: str, check: Callable[[], str]) -> Finding:
    begin = time.perf_counter()
    try:
        passed, detail = True, check()
    except Wrong as wrong:
        passed, detail = False, str(wrong)
    except Exception as error:  # a broken part is what this is looking for
        passed, detail = False, " ".join(f"{type(error).__name__}: {error}".split())
    return Finding(name, passed, round(time.perf_counter() - begin, 3), detail)


def _writable_cache() -> str:
    from inferon.engine.cache import cache_folder
    from inferon.store import write_text

    folder = cache_folder()
    probe = folder / "probe.txt"
    try:
        write_text("written", probe)
        probe.unlink()
    except OSError as error:
        raise Wrong(f"{folder} cannot be written ({error.strerror}); every run will compile again") from None
    return f"{folder} can be written"


def _equations() -> str:
    from inferon.model import load_module, modules

    for name in modules():
        load_module(name)
    return f"{len(modules())} modules read, their units agree"


def _integration() -> str:
    import numpy as np

    amount = _decay(threads=1)
    error = float(np.max(np.abs(amount / np.exp(-_rates() * DAYS) - 1)))
    if not error < EXACT:
        raise Wrong(f"exponential decay is off by {error:.1e} (relative)")
    return f"exponential decay within {error:.0e} of the closed form"


def _threads() -> str:
    if _decay(threads=1).tobytes() != _decay(threads=2).tobytes():
        raise Wrong("two threads give other bytes than one")
    return "two threads give the bytes of one"


def _rates() -> np.ndarray:
    import numpy as np

    return DECAY * np.linspace(0.5, 2.0, 64)


def _decay(*, threads: int) -> np.ndarray:
    """Amounts left of one unit after DAYS in 64 patients who differ in their rate of decay."""
    from inferon.engine import Batch, Settings, compile_model
    from inferon.model import Model, Parameter
    from inferon.model.expression import call, number, symbol
    from inferon.model.model import State

    rate = call("neg", call("mul", symbol("rate"), symbol("amount")))
    model = Model(
        name="decay",
        states=(State("amount", "1", number(1.0), rate),),
        parameters={"rate": Parameter("rate", "rate of decay", DECAY, "1/d")},
        switches={},
        assigned={},
        events=(),
    )
    settings = Settings(rtol=1e-9, default_atol=1e-14)
    batch = Batch(compile_model(model, ["amount"]), _rates().reshape(-1, 1), start=0.0, settings=settings)
    batch.advance(DAYS, threads=threads, chunk=16)
    if batch.failures():
        raise Wrong(f"patients failed: {batch.failures()}")
    return batch.state("amount")


def _estimation() -> str:
    """Six patients by hand: relapse, death, censored, relapse, death, censored on days 1 to 6."""
    from inferon.statistics import aalen_johansen

    curves = aalen_johansen([1, 2, 3, 4, 5, 6], ["relapse", "death", None, "relapse", "death", None])
    found = [float(curves[cause].estimate[-1]) for cause in ("relapse", "death")]
    if any(abs(estimate - 7 / 18) > 1e-12 for estimate in found):
        raise Wrong(f"cumulative incidences {found}, by hand 7/18 each")
    return "cumulative incidence of six patients equals the hand calculation"


def _random_streams() -> str:
    """A known answer of Philox4x32-10 (Salmon et al. 2011): all words zero."""
    import numpy as np

    from inferon.random.philox import philox4x32

    zero = np.zeros(1, np.uint64)
    words = [int(word[0]) for word in philox4x32((zero, zero, zero, zero), (0, 0))]
    if words != [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]:
        raise Wrong(f"Philox4x32-10 gives {words}")
    return "random streams give the published numbers"


def _tables() -> str:
    import polars as pl

    from inferon.store import sha256_of_file, write_parquet

    frame = pl.DataFrame({"patient": range(1000), "arm": ["control", "peginterferon"] * 500})
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one.parquet", "two.parquet")]
        write_parquet(frame, paths[0])
        write_parquet(pl.concat([frame[:333], frame[333:]], rechunk=False), paths[1])
        if len({sha256_of_file(path) for path in paths}) != 1 or not pl.read_parquet(paths[0]).equals(frame):
            raise Wrong("a table does not come back as it was written")
    return "tables come back as written, byte for byte"


def _figures() -> str:
    import altair
    import vl_convert

    chart = altair.Chart(altair.Data(values=[{"x": 0, "y": 1}])).mark_point().encode(x="x:Q", y="y:Q")
    if "<svg" not in vl_convert.vegalite_to_svg(chart.to_json()):
        raise Wrong("the figure is no SVG")
    return "a figure is drawn without a network"


CHECKS: dict[str, Callable[[], str]] = {
    "cache": _writable_cache,
    "equations": _equations,
    "integration": _integration,
    "threads": _threads,
    "random streams": _random_streams,
    "estimation": _estimation,
    "tables": _tables,
    "figures": _figures,
}
