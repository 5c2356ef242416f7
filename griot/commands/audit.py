"""`griot audit`: whether the rows of who did what are all there, as they were written."""

import re

import click

from griot.commands.desk import BadInput, desk, show_json
from griot.commands.refusals import Failed
from models.audit import NOTHING, Chain, Fault, rows_in
from models.audit import verify as verify_rows
from models.moments import rfc3339

_WORDS = {
    Fault.MISSING: "Row {number} is missing.",
    Fault.CHANGED: "Row {number} was changed.",
    Fault.UNBOUND: "Row {number} does not follow the one before: that one was changed, or this one put in.",
}
NOT_THERE = "No row has the head that was kept: rows were cut off at the end, or all were written anew."


@click.group()
def audit() -> None:
    """Check the record of who changed or took out what; `griot export audit` prints it."""


@audit.command()
@click.option("--head", "kept", default=NOTHING, help="The head of an earlier look: its row must be there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify(context: click.Context, kept: str, as_json: bool) -> None:
    """Walk all rows, and print how many there are and the head to keep elsewhere; 1 at the first bad row."""
    if not re.fullmatch(r"[0-9a-f]{64}", kept):
        raise BadInput(f"--head: {kept!r} is no head: 64 of 0-9 and a-f, as this command prints.")
    with desk() as it:
        chain = verify_rows(rows_in(it.store), kept)
    wrong = _wrong(chain)
    if as_json:
        show_json(_as_json(chain, wrong))
        context.exit(1 if wrong else 0)
    if wrong:
        raise Failed(wrong)
    span = f" from {rfc3339(chain.begins)} to {rfc3339(chain.ends)}" if chain.rows else ""
    rows = "1 row" if chain.rows == 1 else f"{chain.rows} rows"
    click.echo(f"{rows}{span}, whole. Head, to be kept elsewhere: {chain.head}")


def _wrong(chain: Chain) -> str:
    """Return what is wrong in one sentence, "" when nothing is."""
    if chain.fault is not None:
        return _WORDS[chain.fault].format(number=chain.bad)
    return "" if chain.knows else NOT_THERE


def _as_json(chain: Chain, wrong: str) -> dict[str, object]:
    return {
        "ok": not wrong,
        "rows": chain.rows,
        "from": rfc3339(chain.begins),
        "to": rfc3339(chain.ends),
        "head": chain.head,
        "bad": chain.bad,
        "fault": chain.fault or (None if chain.knows else "cut"),
    }
