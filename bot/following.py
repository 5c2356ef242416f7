"""What follows from a report by the programme's rules: forms to offer, officers to tell at once."""

from bot.filling import filling_for
from bot.programme import Rule
from bot.talk import Alerted, Report, Scene


def what_follows(scene: Scene, report: Report, *, nothing: bool) -> tuple[list[str], list[Rule]]:
    """Return the forms to offer and the alerts to raise, by the programme's rules."""
    rules = [] if nothing else [r for r in scene.programme.rules if r.form == report.form.name]
    if not rules:
        return [], []
    sheet = filling_for(scene, report).sheet()
    hold = [rule for rule in rules if sheet.holds(rule.when)]
    return [r.offer for r in hold if r.offer], [r for r in hold if r.alert]


def alerted(report: Report, rule: Rule, reference: str) -> Alerted:
    """Return the effect that tells the officers, with the answer that the rule names."""
    text = report.session.given.get(rule.text) if rule.text else ""
    return Alerted(rule, reference, str(text or ""))
