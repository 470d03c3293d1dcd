"""Typed notes on a record: what was said, by whom and when."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from domains.kit.child import Child
from domains.kit.fields import Input, Note, Output, Person, Version
from domains.kit.record import UNSET


class NoteType(StrEnum):
    GENERAL = "general"
    CONVERSATION = "conversation"
    MEETING = "meeting"
    FOLLOW_UP = "follow_up"
    INTERNAL = "internal"


class NewNote(Input):
    """A note; general where no type is named."""

    content: Note
    type: NoteType = NoteType.GENERAL


class NotePatch(Input):
    """What of a note to change."""

    content: Note = UNSET
    type: NoteType = UNSET
    version: Version | None = None


class RecordNote(Output):
    """A note as every reader of its record gets it; `version` is the record's, as of then."""

    id: UUID
    content: str
    type: NoteType
    created_at: datetime
    updated_at: datetime
    created_by: Person
    version: int


class Noted(BaseModel):
    """What the image of a record says of its notes; GET /:id/notes has them all."""

    note_count: int
    last_note: RecordNote | None


NOTES = Child(
    name="note",
    plural="notes",
    table="notes",
    parent="record_id",
    image=RecordNote,
    create=NewNote,
    patch=NotePatch,
    order="c.created_at DESC, c.id DESC",
    own=True,
    apart=True,
)
