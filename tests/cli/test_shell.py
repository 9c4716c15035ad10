"""The shell around every command: quick to start, exit codes that mean something, one line for every failure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inferon.study import read_study, ready_studies

HEAVY = ["numba", "llvmlite", "sympy", "altair", "polars", "scipy", "numpy", "pyarrow", "fastapi", "pydantic"]

# Runs the command line with `inferon.cli.run` replaced by a command whose body is the text given.
WITH_A_COMMAND = """
import sys, types, typer
import inferon.cli
from inferon.study import InputError
module = types.ModuleType("inferon.cli.run")
module.app = typer.Typer(add_completion=False)
@module.app.command()
def run() -> None:
    {body}
sys.modules["inferon.cli.run"] = module
sys.argv = ["inferon", *{arguments}]
inferon.cli.main()
"""


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)


def _inferon(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.argv = {['inferon', *arguments]!r}; from inferon.cli import main; main()"
    return _python(code, **environment)


def _with_a_command(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _python(WITH_A_COMMAND.format(body=body, arguments=list(arguments or ["run"])))


def test_law_help_lists_every_command_and_loads_nothing_that_computes() -> None:
    code = (
        "import sys, inferon.cli\n"
        "try: inferon.cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    told = _python(code)
    assert told.stderr.strip() == "[]"
    for command in ("run", "studies", "analyse", "models", "doctor"):
        assert f" {command} " in told.stdout


def test_law_the_version_is_that_of_the_package() -> None:
    assert _inferon("--version").stdout == "inferon 0.1.0\n"


def test_law_no_arguments_show_the_help() -> None:
    told = _inferon()
    assert "Usage: inferon" in told.stdout + told.stderr


def test_law_a_command_that_ends_well_leaves_with_zero() -> None:
    told = _with_a_command("print('done')")
    assert (told.returncode, told.stdout, told.stderr) == (0, "done\n", "")


def test_fault_wrong_input_is_one_sentence_and_exit_code_2() -> None:
    told = _with_a_command("raise InputError('', file='s.yaml', line=3, field='seed', found=-1, allowed='0 or more')")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "s.yaml, line 3, seed: found -1; allowed: 0 or more.\n"


@pytest.mark.parametrize("command", ["models", "run", "simulate"])
def test_law_the_help_of_a_command_loads_nothing_that_computes(command: str) -> None:
    heavy = [name for name in HEAVY if name != "pydantic"]  # typer checks options with it
    code = (
        f"import sys; sys.argv = ['inferon', {command!r}, '--help']\n"
        "from inferon.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    told = _python(code)
    assert told.stderr.strip() == "[]"
    assert f"Usage: inferon {command}" in told.stdout


@pytest.mark.parametrize("body", ["raise KeyboardInterrupt", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"])
def test_fault_an_interruption_says_how_to_go_on(body: str) -> None:
    told = _with_a_command(body)
    assert told.returncode == 130
    assert told.stderr == "Interrupted; the run can be resumed with the same command.\n"


def test_fault_an_interruption_of_what_cannot_be_resumed_does_not_say_so(tmp_path: Path) -> None:
    code = (
        "import sys, inferon.simulation\n"
        "def interrupted(*_, **__): raise KeyboardInterrupt\n"
        "inferon.simulation.simulate = interrupted\n"
        f"sys.argv = ['inferon', 'simulate', 'mpn', '--out', {str(tmp_path / 'out')!r}]\n"
        "from inferon.cli import main; main()"
    )
    told = _python(code)
    assert (told.returncode, told.stdout, told.stderr) == (130, "", "Interrupted.\n")
    assert list(tmp_path.iterdir()) == []


def test_fault_an_internal_failure_is_one_line_and_points_to_the_traceback() -> None:
    told = _with_a_command("raise RuntimeError('the kernel\\n is gone')")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == ("Inferon failed (RuntimeError: the kernel is gone); `inferon --debug run` shows where.\n")
    told = _with_a_command("raise RuntimeError('gone')", "--debug", "run")
    assert told.returncode == 1 and "Traceback" in told.stderr and "RuntimeError: gone" in told.stderr


def test_fault_an_exit_code_a_command_chooses_is_kept() -> None:
    assert _with_a_command("raise typer.Exit(3)").returncode == 3


@pytest.mark.parametrize("arguments", [["runn"], ["studies", "--nonsense"], ["--nonsense"], ["studies", "show"]])
def test_fault_a_wrong_command_line_leaves_with_2(arguments: list[str]) -> None:
    told = _inferon(*arguments)
    assert told.returncode == 2 and told.stdout == "" and "Usage: inferon" in told.stderr


def test_fault_a_misspelt_command_proposes_the_nearest() -> None:
    assert "Did you mean 'studies'?" in _inferon("studys").stderr


@pytest.mark.parametrize(("typed", "offered"), [("inferon stu", "studies"), ("inferon studies show peri", "peri-tr")])
def test_law_the_shell_completes_commands_and_names_of_studies(typed: str, offered: str) -> None:
    told = _inferon(
        _INFERON_COMPLETE="complete_bash",
        COMP_WORDS=typed,
        COMP_CWORD=str(typed.count(" ")),
        _TYPER_COMPLETE_ARGS=typed,
    )
    assert told.stdout.startswith(offered)


def test_law_studies_are_listed_for_people_and_for_machines() -> None:
    assert "peri-transplant-peginterferon" in _inferon("studies").stdout
    listed = json.loads(_inferon("studies", "--json").stdout)["studies"]
    assert [study["name"] for study in listed] == list(ready_studies())
    shipped = next(study for study in listed if study["name"] == "peri-transplant-peginterferon")
    assert shipped["arms"] == ["control", "peginterferon"] and shipped["size"] == 4000


@pytest.mark.parametrize(("name", "words"), [("transplant", "covariate-mix"), ("hairy-cell", "cladribine")])
def test_law_every_system_tells_what_a_study_of_it_can_name(name: str, words: str) -> None:
    assert f"{name:18}" in _inferon("studies", "systems").stdout
    told = _inferon("studies", "systems", name).stdout
    assert all(f"{part}:" in told for part in ("populations", "drugs", "endpoints")) and words in told


def test_law_the_list_of_studies_has_a_command_of_its_own() -> None:
    assert _inferon("studies", "list", "--json").stdout == _inferon("studies", "--json").stdout


@pytest.mark.parametrize("command", [("run",), ("studies", "check")])
def test_fault_a_word_that_is_no_file_and_no_ready_study_is_told_with_the_nearest(command: tuple[str, ...]) -> None:
    told = _inferon(*command, "hary-cell")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith('STUDY: there is neither a file nor a ready study of this name; found "hary-cell"')
    assert 'did you mean "hairy-cell"?' in told.stderr
    assert _inferon(*command, "none.yaml").stderr == "none.yaml: there is no such file.\n"


@pytest.mark.parametrize(("to", "words"), [("none/x.yaml", "there is no such folder"), ("", "exists already")])
def test_fault_a_study_is_copied_only_to_a_new_file_in_a_folder(tmp_path: Path, to: str, words: str) -> None:
    (tmp_path / "hairy-cell.yaml").write_text("mine")
    told = _inferon("studies", "copy", "hairy-cell", "--to", str(tmp_path / to))
    assert told.returncode == 2 and told.stderr.startswith("--to: ") and words in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["hairy-cell.yaml"]


def test_law_a_copied_study_is_the_ready_one_and_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    told = _inferon("studies", "copy", "peri-transplant-peginterferon", "--to", str(target))
    assert told.returncode == 0 and str(target) in told.stdout
    assert read_study(target) == read_study(ready_studies()["peri-transplant-peginterferon"])
    target.write_text("mine now")
    told = _inferon("studies", "copy", "peri-transplant-peginterferon", "--to", str(target))
    assert told.returncode == 2 and "exists already" in told.stderr and target.read_text() == "mine now"
    assert _inferon("studies", "copy", "peri-transplant-peginterferon", "--to", str(tmp_path)).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "peri-transplant-peginterferon.yaml"]


def test_fault_an_unknown_ready_study_is_named_with_the_nearest(tmp_path: Path) -> None:
    told = _inferon("studies", "copy", "peri-transplant-interferon", "--to", str(tmp_path / "x.yaml"))
    assert told.returncode == 2 and 'did you mean "peri-transplant-peginterferon"?' in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_law_a_shown_study_checks_and_its_resolved_copy_is_the_same_study(tmp_path: Path) -> None:
    for option in ([], ["--resolved"]):
        path = tmp_path / "study.yaml"
        path.write_text(_inferon("studies", "show", "peri-transplant-peginterferon", *option).stdout)
        told = _inferon("studies", "check", str(path))
        assert told.returncode == 0 and "is sound: 2 arms of 4,000 virtual patients in 5" in told.stdout
        assert read_study(path) == read_study(ready_studies()["peri-transplant-peginterferon"])


def test_fault_a_malformed_study_is_told_by_check_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("inferon: 1\ntitle: t\nquestion: q\narms: {one: {}}\nseed: -1\n")
    told = _inferon("studies", "check", str(path))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"{path}, line 5, seed: found -1; allowed: 0 or more.\n"


def test_law_the_printed_schema_is_the_schema_of_the_reader() -> None:
    schema = json.loads(_inferon("studies", "schema").stdout)
    assert schema["additionalProperties"] is False and "arms" in schema["required"]


def test_law_the_doctor_finds_this_installation_sound_and_tells_machines_so() -> None:
    told = _inferon("doctor", "--json")
    findings = json.loads(told.stdout)
    assert told.returncode == 0 and findings["sound"] is True, findings
    assert {check["name"] for check in findings["checks"]} >= {"integration", "threads", "estimation", "cache"}
    assert {"numba", "polars", "typer"} <= {package["name"] for package in findings["dependencies"]}
    assert findings["machine"]["usable_cores"] >= 1


def test_fault_the_doctor_says_what_is_wrong_and_leaves_with_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code = (
        "import sys, inferon.statistics, inferon.cli.self_check as checks, inferon.cli.doctor as doctor\n"
        "honest = inferon.statistics.aalen_johansen\n"
        "inferon.statistics.aalen_johansen = lambda time, cause: honest(time, ['relapse'] * 5 + ['death'])\n"
        "doctor.version = lambda name: '1' if name != 'scipy' else missing()\n"
        "def missing(): raise doctor.PackageNotFoundError\n"
        "for name in list(checks.CHECKS):\n"
        "    if name not in ('estimation', 'cache'): del checks.CHECKS[name]\n"
        "sys.argv = ['inferon', 'doctor']; from inferon.cli import main; main()"
    )
    told = _python(code, INFERON_CACHE=str(tmp_path / "file" / "cache"))
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert any("scipy" in line and "MISSING" in line for line in lines)
    assert any("WRONG" in line and "by hand 7/18" in line for line in lines)
    assert any("WRONG" in line and "cannot be written" in line for line in lines)
