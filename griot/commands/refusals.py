"""How a command ends that cannot be carried out: one line and an exit code."""

import click


class BadInput(click.ClickException):
    """The command cannot be carried out as it was given: exit 2."""

    exit_code = 2


class Failed(click.ClickException):
    """The command was right and could not be carried out: exit 1."""

    exit_code = 1
