"""What every record shows of itself, whatever it is a record of."""

from datetime import date, datetime
from uuid import UUID

from domains.kit.fields import Output, Person


class RecordImage(Output):
    """The part of an image that all resources share; each adds its own fields."""

    id: UUID
    display_id: str
    team_id: UUID
    owner_id: UUID
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
