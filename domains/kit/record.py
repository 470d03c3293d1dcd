"""What every record takes and shows of itself, whatever it is a record of."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from domains.kit.fields import Input, Output, Person, Version
from domains.kit.grant import Grant

PRIVATE = "Seen by its owner and by leads and owners of the team; they decide about it"

UNSET: Any = None  # "not sent": a patch may leave the field out, but not set it to null


class NewRecord(Input):
    """What a new record of any kind takes; it is its maker's where no owner is named."""

    owner_id: UUID | None = None
    is_private: bool = Field(default=False, description=PRIVATE)


class RecordPatch(Input):
    """What a change of any record takes."""

    owner_id: UUID = UNSET
    is_private: bool = UNSET
    version: Version | None = None


class RecordImage(Output):
    """The part of an image that all resources share; each adds its own fields."""

    id: UUID
    display_id: str
    label: str = Field(description="What people call it: an address, a name")
    team_id: UUID
    owner_id: UUID
    is_private: bool = Field(description=PRIVATE)
    grants: list[Grant] = Field(description="What the record lets single people do")
    contract_status_change_date: date | None
    status_change_timestamp: datetime | None
    is_archived: bool
    archived_at: datetime | None
    deleted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: UUID
    last_modified_by: Person
