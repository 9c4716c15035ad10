"""inferon analyse on the command line: every option has its field in the file and in Python, and help stays light."""

import inspect
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from inferon.analysis import analyse
from inferon.analysis.specification import FIELDS
from inferon.cli.analyse import analyse as command

SPECIFICATION = {
    "data": "p.csv", "time": "months", "causes": {"relapse": "relapsed:1@months", "death": "died:1"}, "id": "id",
    "group": "arm", "labels": {"A": "control", "B": "interferon"}, "strata": ["site"], "covariates": ["age", "stage:II"],
    "landmark": 1, "clock": "origin", "times": [6, 12], "tau": 10, "time_unit": "months", "conf_type": "plain",
    "weighting": "peto_peto", "difference": "wald", "title": "A small trial",
}  # fmt: skip
OPTIONS = shlex.split(
    "--time months --cause relapse=relapsed:1@months --cause death=died:1 --id id --group arm --label A=control "
    "--label B=interferon --strata site --covariate age --covariate stage:II --landmark 1 --clock origin --at 6,12 "
    "--tau 10 --time-unit months --conf-type plain --weighting peto_peto --difference wald"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A folder with a table of 40 patients, entered."""
    rows = ["id,months,relapsed,died,arm,site,age,stage"]
    for i in range(40):
        event = (i * 7) % 5
        months = 2 + (i * 13) % 29 / 2
        rows.append(
            f"{i},{months},{event == 1:d},{event == 2:d},{'AB'[i % 2]},{i % 3},{30 + i},{['I', 'II'][i % 4 > 1]}"
        )
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(json.dumps(SPECIFICATION), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys, monkeypatch, *arguments: str) -> dict:
    from inferon.cli import main

    monkeypatch.setattr(sys, "argv", ["inferon", "analyse", *arguments, "--json"])
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    assert not left.value.code, captured.err
    return json.loads(captured.out)


def test_law_every_argument_of_python_is_a_field_of_the_file_and_an_option() -> None:
    arguments = set(inspect.signature(analyse).parameters)
    assert arguments == set(FIELDS)
    renamed = {
        "cause": "causes", "code": "codes", "covariate": "covariates", "at": "times", "label": "labels",
        "identifier": "id",
    }  # fmt: skip
    options = {renamed.get(name, name) for name in inspect.signature(command).parameters}
    assert options - {"spec", "out", "as_json"} == arguments


def test_law_the_file_and_the_options_ask_for_the_same(folder: Path, capsys, monkeypatch) -> None:
    by_options = told(capsys, monkeypatch, "p.csv", *OPTIONS, "--title", "A small trial")
    by_file = told(capsys, monkeypatch, "--spec", "s.yaml")
    assert by_options == by_file
    assert by_file["tables"].keys() >= {
        "differences",
        "hazard_ratios",
        "subdistribution_hazard_ratios",
        "restricted_means",
    }
    assert by_file["reference"] == "control"


def test_law_the_written_python_call_makes_the_same_tables(folder: Path, capsys, monkeypatch) -> None:
    first = told(capsys, monkeypatch, "--spec", "s.yaml", "--out", "first")
    done = subprocess.run(
        [sys.executable, "first/analysis.py"], cwd=folder, capture_output=True, check=False, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "result" / "analysis.json").read_text(encoding="utf-8")) == first


def test_law_help_and_the_list_of_arguments_load_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['inferon', 'analyse', '--help']\n"
        "from inferon.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in ('numba', 'altair', 'polars', 'scipy', 'numpy') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True, timeout=60)
    assert "--covariate" in done.stdout
    assert done.stderr.strip() == "[]"
