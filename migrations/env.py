"""What Alembic runs: the connection is the caller's (griot.schema)."""

import importlib
import pkgutil
from typing import Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.schema import SchemaItem

import models
from models.base import FOR, Base
from models.moments import Moment

for module in pkgutil.iter_modules(models.__path__):  # every table, so that none is forgotten
    importlib.import_module(f"models.{module.name}")


def as_library_type(kind: str, found: object, autogenerating: AutogenContext) -> str | Literal[False]:
    """Write types so that an old revision does not depend on what the models become."""
    if kind != "type":
        return False
    if isinstance(found, Moment):
        return "sa.DateTime(timezone=True)"
    if isinstance(found, sa.JSON):
        autogenerating.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def is_of_this_database(found: SchemaItem, *_more: object) -> bool:
    """Tell whether a part of the models is for this database: some indexes are for one of the two."""
    dialect = context.config.attributes["connection"].dialect.name
    return found.info.get(FOR, dialect) == dialect


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    render_item=as_library_type,
    include_object=is_of_this_database,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
