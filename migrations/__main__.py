"""Write the next revision from the models: `python -m migrations "Add a table"`.

Review what it writes, run `ruff format migrations`, and try it both ways on both databases (the tests do).
Before the first release the first revision itself is written anew: delete it, then run
`python -m migrations "Create all tables"`.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from griot.schema import alembic_config, migrate, revisions
from models.db import open_store


def main(message: str) -> None:
    """Compare the models with a database at the newest revision and write the difference."""
    known = revisions()
    number = f"{len(known) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'empty.db'}")
        if known:
            migrate(store)
        config = alembic_config()
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        with store.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=number)
        store.close()


if __name__ == "__main__":
    main(sys.argv[1])
