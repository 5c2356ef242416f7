"""`griot form preview`: a form as phones would show it, before it is published."""

from pathlib import Path

import click

from bot.forms.findings import version_of
from bot.forms.form import Form
from bot.sentence import spoken
from bot.values import LANGUAGE_NAMES, LANGUAGES, Say
from console.previews import CHANNELS, Asked, Preview, as_on, conditional, cut_after, languages_of, previews
from console.renderings import buttons_of, cost
from griot.clock import now
from griot.commands.desk import show_json
from griot.commands.form_faults import read_with_lists, show_faults, tell_of_lists, voice, with_attached
from griot.settings import data_folder
from griot.voices import voices
from models.base import Json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_attached
@click.option("--language", "wanted", type=click.Choice(LANGUAGES), help="Only this one.")
@click.option("--channel", type=click.Choice(CHANNELS), help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def preview(
    context: click.Context,
    file: Path,
    attach: tuple[Path, ...],
    wanted: str | None,
    channel: str | None,
    as_json: bool,
) -> None:
    """Show every question as each channel would, in each language. Nothing is stored."""
    reading, _, _ = read_with_lists(file, attach)
    form, say = reading.form, voice(wanted or "en")
    if form is None:
        show_faults(reading.problems, say)
        context.exit(2)
    tell_of_lists(reading, attach, say)
    languages = (wanted,) if wanted else languages_of(form)
    channels = (channel,) if channel else CHANNELS
    seen = previews(form, None, voices(data_folder("locales")), languages, now())
    if as_json:
        show_json(_described(form, seen, channels))
        return
    for one in seen:
        click.echo(f"== {spoken(version_of(form.name, form.version), say)}: {LANGUAGE_NAMES[one.language]}")
        for asked in one.asked:
            _show(asked, channels, say)
        if one.is_cut:
            click.echo(cut_after(one, say))


def _show(asked: Asked, channels: tuple[str, ...], say: Say) -> None:
    about = f"{asked.type}, {conditional(say)}" if asked.is_conditional else asked.type
    click.echo(f"\n-- {asked.path} ({about})")
    shown: dict[str, str] = {}
    for name in channels:
        look = asked.looks[name]
        text = "\n".join(look.parts)
        same = next((other for other, known in shown.items() if known == text), "")
        head = f"[{name}]", cost(look, say) or buttons_of(look, say), as_on(same, say) if same else ""
        click.echo(" ".join(filter(None, head)))
        if not same:
            click.echo("\n".join(filter(None, (text, look.last and f"[{look.last}]"))))
        shown[name] = text


def _described(form: Form, seen: tuple[Preview, ...], channels: tuple[str, ...]) -> dict[str, Json]:
    return {
        "form": form.name,
        "version": form.version,
        "languages": {one.language: [_question(asked, channels) for asked in one.asked] for one in seen},
    }


def _question(asked: Asked, channels: tuple[str, ...]) -> dict[str, Json]:
    looks = {
        name: {
            "text": "\n".join(look.parts),
            "options": list(look.options),
            "last": look.last,
            "parts": len(look.parts),
        }
        for name, look in asked.looks.items()
        if name in channels
    }
    about = {"path": asked.path, "type": asked.type, "conditional": asked.is_conditional}
    return {**about, "channels": looks}
