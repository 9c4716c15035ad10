"""A whole run through the command line: what it leaves, that it repeats to the byte, and that it survives a kill."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from .conftest import inferon

FILES = ("events", "curves", "bands", "readouts", "adtte", "power", "patients")


def _bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a run that must not differ between repetitions."""
    kept = [p for p in folder.rglob("*") if p.is_file() and p.name != "provenance.json"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in kept}


def test_law_a_run_describes_itself(small_run):
    folder, _ = small_run
    for name in FILES:
        assert len(pl.read_parquet(folder / "tables" / f"{name}.parquet")) > 0
    for name in ("study.yaml", "estimates.json", "provenance.json", "report.html"):
        assert (folder / name).stat().st_size > 0
    assert not (folder / "unfinished").exists()


def test_law_json_has_the_promised_shape(small_run):
    folder, printed = small_run
    assert {"study", "seed", "arms", "provenance"} <= printed.keys()
    rows = printed["arms"]["peginterferon"]["families"]["strong_direct"]["endpoints"]["relapse"]
    assert [set(row) for row in rows] == [{"time_days", "estimate", "lower", "upper", "n", "method"}] * 3
    assert all(row["lower"] < row["estimate"] < row["upper"] for row in rows)
    provenance = printed.pop("provenance")
    assert printed == json.loads((folder / "estimates.json").read_text(encoding="utf-8"))
    assert provenance == json.loads((folder / "provenance.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("threads", "chunk"), [(2, 1000), (2, 37)])
def test_law_threads_and_chunks_change_no_byte(small_study, small_run, tmp_path, threads, chunk):
    done = inferon("run", small_study, "--out", tmp_path / "again", "--threads", threads, "--chunk", chunk)
    assert done.returncode == 0, done.stderr
    expected, found = _bytes(small_run[0]), _bytes(tmp_path / "again")
    assert expected.keys() == found.keys()
    assert [name for name in expected if expected[name] != found[name]] == []


def test_law_another_seed_gives_other_patients(small_study, small_run, tmp_path):
    done = inferon("run", small_study, "--out", tmp_path / "other", "--seed", 12, "--json")
    assert json.loads(done.stdout)["seed"] == 12
    first = pl.read_parquet(small_run[0] / "tables" / "patients.parquet")
    other = pl.read_parquet(tmp_path / "other" / "tables" / "patients.parquet")
    assert first["age"].to_list() != other["age"].to_list()


def test_law_the_resolved_study_gives_the_same_run(small_run, tmp_path):
    copy = tmp_path / "resolved.yaml"
    shutil.copy(small_run[0] / "study.yaml", copy)
    done = inferon("run", copy, "--out", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again" / "estimates.json").read_bytes() == (small_run[0] / "estimates.json").read_bytes()


def test_law_arms_share_patients_and_families_share_draws(small_run):
    events = pl.read_parquet(small_run[0] / "tables" / "events.parquet")
    main = events.filter(pl.col("population") == "transplant-reference")
    counts = main.group_by("patient").len()
    assert set(counts["len"]) == {4}
    gvhd = main.pivot("arm", index=["family", "patient"], values="acute_gvhd_3_4_day")
    assert gvhd.filter(pl.col("control").is_null() != pl.col("peginterferon").is_null()).is_empty()


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_fault_a_killed_run_is_resumed_to_the_same_bytes(small_study, small_run, tmp_path):
    folder = tmp_path / "killed"
    command = [
        sys.executable,
        "-m",
        "inferon",
        "run",
        str(small_study),
        "--out",
        str(folder),
        "--threads",
        "1",
        "--chunk",
        "10",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("unfinished/*.chunk"))) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = list(folder.glob("unfinished/*.chunk"))
    assert left, "the run ended before it could be killed"
    left[0].write_bytes(left[0].read_bytes()[:-7])  # a block the kill cut short
    done = inferon("run", small_study, "--out", folder, "--chunk", 10)
    assert done.returncode == 0, done.stderr
    assert _bytes(folder) == _bytes(small_run[0])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("peginterferon alfa-2a", "peginterferon alfa-2a1", 'did you mean "peginterferon alfa-2a"'),
        ("transplant-reference", "transplant-refrence", "transplant-reference"),
        ("disease_status", "disease_state", 'did you mean "disease_status"'),
        ("strong_direct", "strong_indirect", "strong_direct"),
        ("magenau2021-03", "magenau2021-99", "magenau2021-03"),
        ("180 ug", "3 MIU", "not dosed in million units"),
        ("start: day -1", "start: day -9", "day -"),
        (
            "endpoint: relapse, time: 6 months, sizes",
            "endpoint: mrd, time: 6 months, sizes",
            "compares cumulative incidences",
        ),
    ],
)
def test_fault_unknown_names_give_one_sentence_and_nothing_is_written(small_study, tmp_path, old, new, expected):
    bad = tmp_path / "bad.yaml"
    bad.write_text(small_study.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = inferon("run", bad, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "bad.yaml, line" in done.stderr
    assert expected in done.stderr
    assert not (tmp_path / "out").exists()


def test_law_an_arm_may_override_a_parameter(small_study, tmp_path):
    from inferon import read_study, run_study

    text = small_study.read_text(encoding="utf-8").replace("  control: {}", "  control: {parameters: {IS0: 0.8}}")
    changed = tmp_path / "changed.yaml"
    changed.write_text(text, encoding="utf-8")
    result = run_study(read_study(changed), tmp_path / "run")
    events = pl.read_parquet(result.folder / "tables" / "events.parquet")
    severe = events.group_by("arm").agg(pl.col("acute_gvhd_2_4_day").is_not_null().mean())
    share = dict(severe.iter_rows())
    assert share["control"] < share["peginterferon"]


def _changed(small_study, tmp_path, old: str, new: str) -> Path:
    other = tmp_path / "changed.yaml"
    text = small_study.read_text(encoding="utf-8")
    assert old in text
    other.write_text(text.replace(old, new), encoding="utf-8")
    return other


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  control: {}", "  control: {parameters: {e_allow: 1}}", 'did you mean "e_allo"'),
        ("  control: {}", "  control: {parameters: {CL_pegA2b40: 1}}", "no such parameter to change"),
        ("  control: {}", "  control: {parameters: {k_L: -5}}", "0 1/d"),
        ("  control: {}", "  control: {parameters: {T_d: 0}}", "above 0 d"),
        ("estimate: 39 %", "estimate: 10 %", "39 percent at 6 months"),
        ("n: 36", "n: 500", "36 or fewer"),
        (
            "endpoint: relapse, time: 6 months, estimate",
            "endpoint: mrd, time: 6 months, estimate",
            "does not report this",
        ),
    ],
)
def test_fault_impossible_overrides_and_misquoted_sources_are_refused(small_study, tmp_path, old, new, expected):
    done = inferon("studies", "check", _changed(small_study, tmp_path, old, new))
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_fault_a_folder_with_another_study_is_left_alone(small_study, small_run, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(small_run[0], folder)
    before = {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    done = inferon("run", small_study, "--out", folder, "--seed", 12)
    assert done.returncode == 2
    assert "another study or seed" in done.stderr
    assert {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_law_running_again_into_the_same_folder_changes_no_byte(small_study, small_run, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(small_run[0], folder)
    assert inferon("run", small_study, "--out", folder).returncode == 0
    assert _bytes(folder) == _bytes(small_run[0])


def test_fault_a_place_that_cannot_be_written_is_named(small_study):
    done = inferon("run", small_study, "--out", "/proc/nowhere")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_law_overrides_of_the_drug_act_and_are_told(small_study, tmp_path):
    from inferon import read_study, run_study

    text = small_study.read_text(encoding="utf-8")
    weak = text.replace("  peginterferon:\n", "  weak:\n    parameters: {a_pegA2a: 0.000001}\n").replace(
        "arm: peginterferon", "arm: weak"
    )
    path = tmp_path / "weak.yaml"
    path.write_text(weak, encoding="utf-8")
    result = run_study(read_study(path), tmp_path / "run")
    arms = result.estimates["arms"]
    control, treated = (
        arms[a]["families"]["reference"]["endpoints"]["relapse"][1]["estimate"] for a in ("control", "weak")
    )
    assert treated == pytest.approx(control, abs=0.04)
    assert any("a_pegA2a is set to 1e-06" in line for line in result.estimates["assumptions"])
    assert "a_pegA2a = 1e-06" in result.report.read_text(encoding="utf-8")
