"""How what happens to members is told."""

from domains.kit.fields import Kind
from domains.kit.words import FieldWords, Words

MEMBERS = Words(
    "member",
    {"role": FieldWords("role", "role", Kind.CHOICE)},
    deeds={
        "joined": "joined the team[ as {role}]",
        "removed": "removed {record} from the team",
        "removed self": "left the team",
        "changed": "changed the role of {record}[ from {role.old}][ to {role}]",
    },
)
