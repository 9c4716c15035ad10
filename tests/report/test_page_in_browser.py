"""The page in a real browser without a network: it paints, and has nothing to complain about."""

import shutil
import subprocess
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
)  # fmt: skip
OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://127.0.0.1:9")


@pytest.fixture
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser is installed ({', '.join(BROWSERS)}): the page was not opened in a real one")
    return found


def opened(browser: str, page: Path, profile: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    command = [browser, *QUIET, *OFFLINE, f"--user-data-dir={profile}", *extra, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def complaints(log: str) -> list[str]:
    return [line for line in log.splitlines() if ":CONSOLE" in line]


def test_browser_page_opens_offline_without_a_console_message(make_run, render, browser, tmp_path):
    render(make_run(n=500))
    done = opened(browser, tmp_path / "run" / "report.html", tmp_path / "profile", "--dump-dom")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count('role="img"') == 9
    assert "What the 36 patients cannot exclude" in done.stdout
    assert complaints(done.stderr) == []


def test_browser_page_paints_on_a_desk_and_on_a_phone(make_run, render, browser, tmp_path):
    render(make_run(n=500))
    page = tmp_path / "run" / "report.html"
    for width, name in ((1200, "wide"), (420, "narrow")):
        picture = tmp_path / f"{name}.png"
        opened(browser, page, tmp_path / name, f"--screenshot={picture}", f"--window-size={width},2400")
        assert picture.stat().st_size > 50_000, "a blank page compresses to less"


def test_fault_a_page_that_loads_a_script_is_heard_in_the_console(browser, tmp_path):
    """The check above can fail: the same policy with a script makes the browser complain."""
    page = tmp_path / "bad.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    page.write_text(f"<!DOCTYPE html>{policy}<script src='https://example.org/x.js'></script>", encoding="utf-8")
    done = opened(browser, page, tmp_path / "profile", "--dump-dom")
    assert complaints(done.stderr)
