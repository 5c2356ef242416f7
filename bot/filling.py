"""A report of a scene, ready for the engine."""

from collections.abc import Callable, Iterator, Mapping

from bot.forms.dependence import without_instances
from bot.forms.form import Form, Question
from bot.forms.layout import INSTANCE
from bot.session import Filling
from bot.talk import Ground, Report, Scene
from bot.values import Value


def filling_of(scene: Scene) -> Filling:
    """Return the open report as the engine takes it; raise ValueError when none is open."""
    if scene.report is None:
        raise ValueError("no report is open")
    return filling_for(scene, scene.report)


def filling_for(scene: Scene, report: Report, previous: Mapping[str, Value] | None = None) -> Filling:
    """Return a report as the engine takes it; last time's answers are looked up where the form reads them."""
    ground = ground_of(scene, report)
    if previous is None and ground.fillings and ground.fillings[0].session is report.session:
        return ground.fillings[0]
    filling = Filling(
        form=report.form,
        session=report.session,
        hidden=ground.hidden,
        now=scene.now,
        say=scene.say,
        previous=ground.previous if previous is None else previous,
        token=f"q{scene.who.id:x}-{report.began:x}",
        laid=scene.laid,
    )
    if previous is None:
        ground.fillings[:] = [filling]
    return filling


def ground_of(scene: Scene, report: Report) -> Ground:
    """Return what a report stands on, worked out once a turn; last time's answers only when they are read."""
    form, language = report.form, scene.who.language
    key = (form.name, form.version, report.id, report.period, report.milestone, report.began, language)
    ground = scene.grounds.get(key)
    if ground is None:
        previous = Later(lambda: last_time_of(scene, report)) if form.reads_last else {}
        ground = scene.grounds[key] = Ground(_hidden(scene, report), previous)
    return ground


class Later(Mapping[str, Value]):
    """Answers that are looked up when the first of them is read."""

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], Mapping[str, Value]]) -> None:
        """Keep how to find them."""
        self._find = find
        self._found: Mapping[str, Value] | None = None

    def __getitem__(self, path: str) -> Value:
        """Return the answer at a path; raise KeyError where there is none."""
        return self._answers[path]

    def __iter__(self) -> Iterator[str]:
        """Return the paths."""
        return iter(self._answers)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._answers)

    @property
    def _answers(self) -> Mapping[str, Value]:
        if self._found is None:
            self._found = self._find()
        return self._found


def last_time_of(scene: Scene, report: Report) -> Mapping[str, Value]:
    """Return the city's answers of last time, to what is asked this time as it was then.

    A question may be of another type by now, or name another milestone.
    """
    last = scene.facts.previous(report.form.name, report.id)
    if last.form is None:
        return {}
    is_same = last.milestone == report.milestone
    was, now = _types(last.form), _types(report.form)
    about = {each.path for each in report.form.questions if not is_same and _names_milestone(each)}
    return {
        path: value
        for path, value in last.given.items()
        if (bare := without_instances(path)) in now and was.get(bare) == now[bare] and bare not in about
    }


def _types(form: Form) -> Mapping[str, str]:
    return {question.path: question.type for question in form.questions}


def _names_milestone(question: Question) -> bool:
    return any("${milestone_name}" in label for label in question.labels.values())


def _hidden(scene: Scene, report: Report) -> dict[str, str]:
    """Return what the system fills in, in the person's language: nobody is asked what is known."""
    milestone = scene.programme.milestones.get(report.milestone)
    return {
        "city": scene.named(scene.city.names) if scene.city else "",
        "period": scene.period(report.period),
        "milestone_name": scene.named(milestone.names) if milestone else "—",
        INSTANCE: f"{scene.city.slug if scene.city else ''}-{report.began:x}",
    }
