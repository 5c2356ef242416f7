"""What a person says to last time's answers: that they still hold, or that each is to be asked."""

from bot import choices
from bot.filling import filling_of
from bot.last_time import carried
from bot.reporting import ask_current, ask_first, ask_question, filled
from bot.session import given
from bot.talk import Outcome, Scene

_SOURCE = "carried"  # no message gave these answers: none is changed by editing one


def keep_all(scene: Scene, more: str) -> Outcome:
    """Take over all answers of last time that were shown; ask again when they are others by now."""
    if scene.report is None:
        return ask_current(scene.chose(None))
    if scene.talk.choice != choices.carry(scene):
        return ask_first(scene)
    filling = filling_of(scene)
    turn = given(filling, carried(filling))
    return ask_question(filled(scene, turn, _SOURCE), turn.first)


def ask_each(scene: Scene, more: str) -> Outcome:
    """Ask each question; what was answered last time stands beside it."""
    scene = scene.chose(None)
    return ask_question(scene) if scene.report else ask_current(scene)
