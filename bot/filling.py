"""A report of a scene, ready for the engine."""

from collections.abc import Mapping

from bot.session import Filling
from bot.talk import Report, Scene
from bot.values import Value


def filling_of(scene: Scene) -> Filling:
    """Return the open report as the engine takes it; raise ValueError when none is open."""
    if scene.report is None:
        raise ValueError("no report is open")
    return filling_for(scene, scene.report)


def filling_for(scene: Scene, report: Report, previous: Mapping[str, Value] | None = None) -> Filling:
    """Return a report as the engine takes it; last time's answers are looked up where the form reads them."""
    if previous is None and report.form.reads_last:
        previous = scene.facts.previous(report.form.name)
    return Filling(
        form=report.form,
        session=report.session,
        hidden=_hidden(scene, report),
        now=scene.now,
        say=scene.say,
        previous=previous or {},
        token=f"q{scene.who.id:x}-{report.began:x}",
        laid=scene.laid,
    )


def _hidden(scene: Scene, report: Report) -> dict[str, str]:
    """Return what the system fills in, in the person's language: nobody is asked what is known."""
    milestone = scene.programme.milestones.get(report.milestone)
    return {
        "city": scene.named(scene.city.names) if scene.city else "",
        "period": scene.period(report.period),
        "milestone_name": scene.named(milestone.names) if milestone else "—",
    }
