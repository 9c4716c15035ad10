"""Questions answered by worker processes with limits on time and memory: one that dies or hangs loses one answer, not the run."""

from __future__ import annotations

import json
import queue
import resource
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
MEMORY = 4 * 1024**3
CRASHED, TIMED_OUT = "crashed", "timed out"


def ask_all(module: str, questions: Sequence[Any], *, workers: int, seconds: float) -> list[dict[str, str]]:
    """The answer to every question, in order, from processes that run ``python -m module --worker``; each has an ``outcome``."""
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(questions)):
        todo.put(number)
    answers: dict[int, dict[str, str]] = {}

    def drive() -> None:
        worker = None
        while not todo.empty():
            try:
                number = todo.get_nowait()
            except queue.Empty:
                break
            worker = worker or _start(module)
            answers[number] = _ask(worker, questions[number], seconds)
            if answers[number]["outcome"] in (CRASHED, TIMED_OUT):
                worker.kill()
                worker.communicate()
                worker = None
        if worker:
            worker.communicate()

    threads = [threading.Thread(target=drive) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(questions))]


def _start(module: str) -> subprocess.Popen[str]:
    command, pipe = [sys.executable, "-m", module, "--worker"], subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=_ROOT)


def _ask(worker: subprocess.Popen[str], question: Any, seconds: float) -> dict[str, str]:
    assert worker.stdin is not None and worker.stdout is not None
    died = {"outcome": CRASHED, "reason": "the worker died", "sentence": ""}
    try:
        worker.stdin.write(json.dumps(question) + "\n")
        worker.stdin.flush()
    except BrokenPipeError:
        return died
    if not select.select([worker.stdout], [], [], seconds)[0]:
        return {"outcome": TIMED_OUT, "reason": f"{seconds:g} s", "sentence": ""}
    line = worker.stdout.readline()
    return json.loads(line) if line else died


def answer_all(answer: Callable[[Any], dict[str, str]]) -> None:
    """A worker's life: one line of JSON for every line of JSON, until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not be taken for an answer
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except Exception as error:
            said = {"outcome": CRASHED, "reason": type(error).__name__, "sentence": str(error)[:200]}
        print(json.dumps(said), file=out, flush=True)
