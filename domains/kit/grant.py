"""What a record itself lets somebody do with it, beyond their role and their permissions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from domains.kit.fields import Input, Output, Version

MOST_GRANTS = 50  # on one record: they travel in its image


class Grantee(StrEnum):
    """To whom a grant is given."""

    USER = "user"
    TEAM = "team"
    BROKER = "broker"


class Grant(Output):
    """A grant as the record's image tells it; `user_id` is null where it is not one person's."""

    grantee: Grantee
    user_id: UUID | None
    can_view: bool
    can_edit: bool
    can_delete: bool
    granted_by: UUID
    granted_at: datetime


class NewGrant(Input):
    """What somebody may do from now on, in place of what they were granted before."""

    grantee: Annotated[Grantee, Field(strict=False)] = Grantee.USER
    user_id: Annotated[UUID, Field(strict=False)] | None = None
    can_view: bool = True
    can_edit: bool = False
    can_delete: bool = False
    version: Version | None = None

    @model_validator(mode="after")
    def _whole(self) -> "NewGrant":
        if (self.grantee is Grantee.USER) != (self.user_id is not None):
            raise ValueError("user_id names the user of a user's grant, and of no other")
        if not self.can_view:
            raise ValueError("can_view: a grant that shows nothing is revoked instead")
        return self
