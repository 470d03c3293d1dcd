"""How what becomes of the rules for new leads is told, and of what agents take."""

from typing import Final

from domains.kit.words import Words, fields_of
from domains.leads.rule_models import AgentChange, RulePatch

RULE: Final = Words(
    "lead_rule",
    fields_of(RulePatch, {"price_min": "lowest price", "price_max": "highest price"}),
    deeds={"created": "added {record}", "deleted": "deleted {record}"},
    flags={"enabled": ("switched {record} on", "switched {record} off")},
    called="the lead rule {record}",
)
AGENT: Final = Words(
    "lead_agent",
    fields_of(
        AgentChange,
        {
            "takes_leads": "part in the turn for leads",
            "capacity": "lead capacity",
            "claim_limit": "limit for claimed leads",
            "territories": "territories for leads",
            "languages": "languages for leads",
        },
    ),
    flags={
        "takes_leads": (
            "let {record} take a turn at new leads",
            "took {record} out of the turn for new leads",
        )
    },
    plural="agents",
)
WORDS: Final = (RULE, AGENT)
