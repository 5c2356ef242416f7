"""What all tables share: the base class, JSON columns, the database session."""

from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import JSON, Index, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session

from models.moments import Moment

Db: TypeAlias = Session
Json: TypeAlias = Any  # the border to stored JSON

FOR = "for"  # in the `info` of an index: the one database that has it


class Base(DeclarativeBase):
    """The declarative base; names of constraints are fixed so that migrations go both ways."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        dict[str, Json]: JSON().with_variant(JSONB(), "postgresql"),
    }


def person_indexes(table: str) -> tuple[Index, Index]:
    """Return what finds a person's rows in their order, one index for each database.

    SQLite ends every entry with the row's id by itself: named as well, it would be there twice.
    """
    return (
        Index(f"ix_{table}_person", "person_id", info={FOR: "sqlite"}),
        Index(f"ix_{table}_person_id", "person_id", "id", info={FOR: "postgresql"}),
    )
