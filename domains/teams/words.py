"""How what happens to the team and its members is told."""

from typing import Final

from domains.kit.fields import Kind
from domains.kit.words import FieldWords, Words, fields_of
from domains.teams.models import TeamPatch

TEAM: Final = Words(
    "team",
    {
        **fields_of(TeamPatch),
        "brokerage": FieldWords("brokerage", "brokerage", Kind.ITEMS),
    },
    called="the team",
)
MEMBER: Final = Words(
    "member",
    {
        "role": FieldWords("role", "role", Kind.CHOICE),
        "can_delete": FieldWords("can_delete", "deleting records", Kind.FLAG),
        "can_edit_team_data": FieldWords("can_edit_team_data", "editing team data", Kind.FLAG),
        "can_view_financials": FieldWords("can_view_financials", "seeing financials", Kind.FLAG),
        "can_manage_team": FieldWords("can_manage_team", "managing the team", Kind.FLAG),
    },
    deeds={
        "joined": "added {record} to the team[ as {a role}]",
        "joined self": "joined the team[ as {a role}]",
        "joined many": "added {many} to the team",
        "removed": "removed {record} from the team",
        "removed self": "left the team",
        "removed many": "removed {many} from the team",
        "changed": "changed the role of {record}[ from {role.old}][ to {role}]",
        "permissions_changed": "changed what {record} may do in the team",
        "permissions_changed many": "changed what {many} may do in the team",
    },
)
WORDS: Final = (TEAM, MEMBER)
