"""`make forms DIR=…`: every form of a folder read, and each accepted one answered to the end.

`python -m bench.forms DIR [SECONDS]`: a form gets so long to be read, and as long again to be answered. Ends
with 1 when anything raised, or when the folder's expected.json says otherwise.
"""

import json
import multiprocessing
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from os import cpu_count
from pathlib import Path
from random import Random
from statistics import quantiles
from time import monotonic

from bench.coordinator import Stuck, Walk
from bot.forms.form import Form, FormError
from bot.forms.read import read_form
from bot.forms.sizes import SUFFIXES
from bot.values import LANGUAGES, Problem
from models.db import write
from models.form import publish
from tests.conversations.stage import MONDAY, a_stage, a_store

SECONDS = 60.0  # for one form to be read and answered
ATTEMPTS = 4  # reports begun, when no reply leads on: a person would go back and choose otherwise
EXPRESSIONS = ("expression_", "function_")  # codes of faults for which pyxform's word is not enough
_QUOTED = re.compile(r"'[^']*'|[\w.-]+\.(?:csv|xml|geojson)")
_PLACE = re.compile(r"\[row : \d+\]|^\w+, (?:row \d+|[^ ,]+), \w+:")
_FIRST_CELL = re.compile(rb"(?i)(?:\xef\xbb\xbf)?[\s|\"']*survey\b")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one form."""

    file: str
    outcome: str  # submitted, refused, stuck, raised, late
    detail: str = ""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    questions: int = 0
    seconds: tuple[float, ...] = ()  # of each turn

    @property
    def is_accepted(self) -> bool:
        """Return whether the form can be published."""
        return self.outcome in ("submitted", "stuck")


def forms_in(folder: Path) -> list[Path]:
    """Return the form files of a folder; a CSV without a survey sheet is a list of another form."""
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    return [path for path in found if not path.name.startswith(("~", ".")) and _has_survey(path)]


def lists_beside(path: Path) -> dict[str, bytes]:
    """Return the CSV files beside a form that are no forms themselves, by name: it may read them."""
    tables = (each for each in path.parent.iterdir() if each.suffix.lower() == ".csv")
    return {each.name: each.read_bytes() for each in tables if not _has_survey(each)}


def results_of(folder: Path, seconds: float = SECONDS) -> Iterator[Result]:
    """Yield what becomes of each form, one process a form, as many at once as there are cores."""
    with tempfile.TemporaryDirectory() as name:
        a_store(Path(name) / "first.db").close()
        yield from _in_processes(forms_in(folder), Path(name), seconds)


def result_of(path: Path, folder: Path) -> Result:
    """Return what becomes of a form in a store of its own below the folder."""
    try:
        form = read_form(path.read_bytes(), path.name, lists_beside(path))
    except FormError as error:
        return Result(path.name, "refused", problems=error.problems)
    return _walked(path, form, folder)


def _walked(path: Path, form: Form, folder: Path) -> Result:
    known = [language for language in form.languages if language in LANGUAGES] or list(LANGUAGES)
    store = a_store(folder / f"{path.name}.db")
    write(store, lambda db: publish(db, form, path.read_bytes(), path.name, MONDAY))
    asked: set[str] = set()
    seconds: list[float] = []
    why = ""
    for attempt in range(ATTEMPTS):
        chance = Random(f"{path.name} {attempt}")
        walk = Walk(a_stage(store, language=chance.choice(known)), chance)
        try:
            walk.submits(form.name)
            why = ""
        except Stuck as stuck:
            why = why or str(stuck)
        asked |= walk.asked
        seconds += walk.seconds
        if not why:
            break
    store.close()
    outcome = "stuck" if why else "submitted"
    return Result(path.name, outcome, why, (), form.warnings, len(asked), tuple(seconds))


# -- processes


def _in_processes(paths: Sequence[Path], folder: Path, seconds: float) -> Iterator[Result]:
    waiting, running = list(reversed(paths)), dict[BaseProcess, tuple[Path, Connection, float]]()
    while waiting or running:
        while waiting and len(running) < (cpu_count() or 1):
            process, *rest = _started(waiting.pop(), folder, seconds)
            running[process] = (rest[0], rest[1], rest[2])
        wait([each[1] for each in running.values()], timeout=1)
        for process, (path, told, until) in list(running.items()):
            if told.poll():
                yield _told(path, told)
            elif process.is_alive() and monotonic() > until:
                yield Result(path.name, "late", f"not done in {seconds * 2:g} s")
            elif process.is_alive():
                continue
            process.kill()
            process.join()
            del running[process]


def _started(path: Path, folder: Path, seconds: float) -> tuple[BaseProcess, Path, Connection, float]:
    # fork: modules and programme are loaded once, and a form that hangs or eats memory takes only itself
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(path, folder, there))
    process.start()
    there.close()
    return process, path, here, monotonic() + seconds * 2


def _tell(path: Path, folder: Path, told: Connection) -> None:
    try:
        result = result_of(path, folder)
    except Exception:  # noqa: BLE001  # whatever it is, it is what this run looks for
        result = Result(path.name, "raised", traceback.format_exc())
    told.send(result)


def _told(path: Path, told: Connection) -> Result:
    try:
        result: Result = told.recv()
    except EOFError:
        return Result(path.name, "raised", "the process died")
    return result


# -- what is printed


def differences(folder: Path, results: Sequence[Result]) -> list[str]:
    """Return where the results differ from the folder's expected.json, "" for no such file.

    A form that pyxform accepts may be refused for expressions that do not parse or unknown functions only.
    """
    if not (folder / "expected.json").exists():
        return []
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["forms"]
    found = {result.file: result for result in results}
    return [f"{name}: {said}" for name, fact in expected.items() if (said := _differs(fact, found.get(name)))]


def _differs(fact: dict[str, object], result: Result | None) -> str:
    if result is None:
        return "the file is not there"
    if not fact["accepted_by_pyxform"]:
        return "" if result.outcome == "refused" else f"{result.outcome}, should be refused"
    others = [problem for problem in result.problems if not problem.code.startswith(EXPRESSIONS)]
    if result.outcome == "refused":
        return f"refused for {others[0].code}, should be accepted" if others else ""
    return "" if result.outcome == "submitted" else result.outcome


def _line(result: Result) -> str:
    name = f"{result.file[:48]:48} {result.outcome:9}"
    if result.is_accepted:
        half, most = _cuts(result.seconds)
        facts = f"{result.questions:4} questions {len(result.seconds):4} replies {half:6.1f} / {most:6.1f} ms"
        return f"{name} {facts}  {result.detail}".rstrip()
    if result.problems:
        first = result.problems[0]
        more = f" (+{len(result.problems) - 1})" if len(result.problems) > 1 else ""
        return f"{name} {first.code}: {first.where}: {first.message}{more}"
    return f"{name} {result.detail.strip().splitlines()[-1]}"


def _cuts(seconds: Sequence[float]) -> tuple[float, float]:
    """Return median and 99th percentile in milliseconds."""
    if len(seconds) < 2:
        return (seconds[0] * 1e3, seconds[0] * 1e3) if seconds else (0.0, 0.0)
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3


def _summary(results: Sequence[Result]) -> Iterator[str]:
    accepted = [result for result in results if result.is_accepted]
    submitted = sum(result.outcome == "submitted" for result in accepted)
    share = f", {100 * submitted / len(accepted):.1f} %" if accepted else ""
    yield f"{len(results)} forms, {len(accepted)} accepted, {submitted} submitted{share}"
    outcomes = Counter(result.outcome for result in results)
    yield "outcomes: " + ", ".join(f"{name} {many}" for name, many in outcomes.most_common())
    problems = [problem for result in results for problem in result.problems]
    yield from _counted("refused for", Counter(problem.code for problem in problems))
    unknown = [problem.message for problem in problems if problem.code == "function_unknown"]
    yield from _counted("unknown functions", Counter(unknown))
    yield from _counted("warnings", Counter(_kind(text) for each in results for text in each.warnings))
    if accepted:
        times = [second for result in accepted for second in result.seconds]
        slowest = max(accepted, key=lambda result: max(result.seconds, default=0))
        half, most = _cuts(times)
        yield f"turns: {len(times)}, p50 / p99 {half:.1f} / {most:.1f} ms"
        yield f"slowest turn: {max(slowest.seconds, default=0) * 1e3:.0f} ms, {slowest.file}"


def _counted(title: str, found: Counter[str]) -> Iterator[str]:
    if found:
        yield f"{title}:"
        yield from (f"  {many:4}  {name}" for name, many in found.most_common())


def _kind(warning: str) -> str:
    """Return a warning without its place and names, to be counted with its like."""
    plain = _PLACE.sub("", _QUOTED.sub("'…'", warning.split("{")[0]))
    return " ".join(plain.split())[:90]


def main(folder: Path, seconds: float) -> int:
    """Print a line a form and the sums; return 1 when something raised or is not as expected."""
    results = []
    for result in results_of(folder, seconds):
        results.append(result)
        print(_line(result), flush=True)
    print("", *_summary(results), sep="\n")
    raised = [result for result in results if result.outcome in ("raised", "late")]
    for result in raised:
        print(f"\n{result.file}\n{result.detail}")
    wrong = differences(folder, results)
    print(*(f"not as expected: {each}" for each in wrong), sep="\n", end="")
    return 1 if raised or wrong else 0


def _has_survey(path: Path) -> bool:
    """Tell a form from a list or a text: Markdown and CSV name the sheet survey in a first cell."""
    if path.suffix.lower() not in (".csv", ".md"):
        return True
    with path.open("rb") as file:
        return any(_FIRST_CELL.match(line) for line in file)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS))
