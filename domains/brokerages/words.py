"""How what happens to a brokerage is told in the logs of its teams."""

from typing import Final

from domains.brokerages.models import BrokeragePatch
from domains.kit.fields import Kind
from domains.kit.words import FieldWords, Words, fields_of

BROKERAGE: Final = Words(
    "brokerage",
    {**fields_of(BrokeragePatch), "teams": FieldWords("teams", "teams", Kind.ITEMS)},
    deeds={"created": "founded the brokerage {record}"},
)
BROKER: Final = Words(
    "broker",
    deeds={
        "joined": "brought the broker {record} into the team",
        "joined self": "joined the team as its broker",
        "joined many": "brought {many} into the team",
        "removed": "removed the broker {record} from the team",
        "removed self": "left the team as its broker",
        "removed many": "removed {many} from the team",
    },
)
WORDS: Final = (BROKERAGE, BROKER)
