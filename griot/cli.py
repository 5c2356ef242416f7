"""The command `griot`: a table of commands, each loaded only when it is called."""

import atexit
import gc
import importlib
import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives and what it does."""

    place: str  # module and function, below griot.commands
    help: str

    @property
    def module(self) -> str:
        """Return the name of its module."""
        return f"griot.commands.{self.place.partition(':')[0]}"


# A new command is a module in griot/commands/ and a line here.
COMMANDS = {
    "run": Entry("serving:run", "Migrate, load the programme, web and worker in one process."),
    "web": Entry("serving:web", "Serve webhooks, console and feeds."),
    "worker": Entry("processes:worker", "Take turns, send messages, keep the schedule."),
    "migrate": Entry("migrate:migrate", "Create or upgrade the tables."),
    "programme": Entry("programme:programme", "Check or load a programme: cities, calendar, forms."),
    "doctor": Entry("doctor:doctor", "Check configuration, database and channels."),
    "webhooks": Entry("webhooks:webhooks", "Register with the providers."),
    "templates": Entry("templates:templates", "Have WhatsApp approve templates, and see how they stand."),
    "form": Entry("form:form", "Check, add, list and show forms."),
    "person": Entry("person:person", "Add, show, invite, pause, export and erase people."),
    "city": Entry("city:city", "Pause, resume or excuse a city."),
    "milestone": Entry("milestone:milestone", "List, extend and waive a city's milestones."),
    "chat": Entry("chat:chat", "Hold a person's phone in this terminal."),
    "schedule": Entry("schedule:schedule", "Print what will be sent to whom and when."),
    "broadcast": Entry("broadcast:broadcast", "Say one thing to everybody of some cities."),
    "digest": Entry("digest:digest", "Print the digest of a week."),
    "budget": Entry("budget:budget", "Print what a month's messages cost, and the limits."),
    "trace": Entry("trace:trace", "Tell what became of one message, from webhook to receipt."),
    "export": Entry("export:export", "Write data as csv, xlsx, json or jsonl."),
    "audit": Entry("audit:audit", "Check that nobody changed who did what."),
    "backup": Entry("backup:backup", "Write everything into one sealed file."),
    "restore": Entry("backup:restore", "Check a backup, or put it into an empty database."),
}


class Commands(click.Group):
    """The commands of the table; `griot --help` loads none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded, or None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        found = getattr(importlib.import_module(entry.module), entry.place.partition(":")[2])
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.command(cls=Commands)
@click.version_option(package_name="griot")
def griot() -> None:
    """Griot asks short questions on phones and keeps the answers as reports."""


def main() -> None:
    """Run a command. An error is one line; the exit code is 2 for bad input, 1 for a failure."""
    sys.excepthook = _tell_fault
    code = 1  # of what is raised without being expected
    atexit.register(lambda: _leave(code))
    try:
        code = _run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
        raise
    finally:
        gc.freeze()  # the end looks for garbage too: together a third of the time of a short command
    sys.exit(code)


def _run() -> int:
    """Run the command of the arguments and return its exit code."""
    try:
        _load(sys.argv[1:2])
        return griot.main(standalone_mode=False) or 0  # what context.exit() was told, or None
    except click.exceptions.NoArgsIsHelpError as shown:
        click.echo(shown.ctx.get_help() if shown.ctx else "", err=True)
        return 2
    except click.ClickException as error:
        click.echo(f"Error: {' '.join(error.format_message().split())}", err=True)
        return error.exit_code
    except click.Abort:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        click.echo(f"Error: {error.strerror or error}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left cannot be written
        return 1


def _leave(code: int) -> None:
    """End at once where a daemon thread remains; others have ended by now.

    It may be in OpenSSL, whose own end frees what that thread reads: the process would die of signal 11.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        with suppress(OSError, ValueError):  # a reader that is gone, a stream that is closed
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _load(names: list[str]) -> None:
    """Load the modules of commands and look for no garbage among them, now or later: they stay."""
    gc.disable()
    for entry in (COMMANDS[name] for name in names if name in COMMANDS):
        importlib.import_module(entry.module)
    gc.freeze()
    gc.enable()


def _tell_fault(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Print one line of a fault of ours: its kind and place, not its words, which may be a person's."""
    from griot.logs import places_of, raised_of

    click.echo(f"Error: this is a fault of Griot: {raised_of(error)} at {places_of(error)}", err=True)
