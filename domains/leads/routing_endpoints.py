"""What the rules for new leads offer to the outside."""

from typing import Any

from domains.kit.actor import LEADS, WRITERS
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.fields import sent
from domains.kit.replies import reply
from domains.kit.services import Services
from domains.leads import agents, rules
from domains.leads.rule_models import (
    AgentChange,
    LeadAgent,
    LeadRule,
    LoadedAgent,
    RuleCreate,
    RulePatch,
)


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db

    async def list_rules(call: Call) -> Reply:
        return await rules.list_rules(db, call.who)

    async def add(call: Call) -> Reply:
        return reply(await rules.add(db, call.who, call.body.model_dump(), call.op))

    async def change(call: Call) -> Reply:
        return reply(
            await rules.change(
                db, call.who, call.path["id"], _given(call), base=call.version, op=call.op
            )
        )

    async def remove(call: Call) -> Reply:
        return reply(
            await rules.remove(db, call.who, call.path["id"], base=call.version, op=call.op)
        )

    async def list_agents(call: Call) -> Reply:
        return await agents.list_agents(db, call.who)

    async def change_agent(call: Call) -> Reply:
        return reply(
            await agents.change(
                db, call.who, call.path["id"], _given(call), base=call.version, op=call.op
            )
        )

    of_rules, one = "/lead-routing/rules", "/lead-routing/rules/{id}"
    of_agents = "/lead-routing/agents"
    writers: dict[str, Any] = {"roles": WRITERS, "tag": "lead_routing"}
    leads: dict[str, Any] = {"roles": LEADS, "tag": "lead_routing"}
    return [
        Endpoint("lead_routing:rules", Method.GET, of_rules, list_rules, LeadRule,
                 "List the rules for new leads, in their order", many=True, **writers),
        Endpoint("lead_routing:add", Method.POST, of_rules, add, LeadRule,
                 "Add a rule for new leads", body=RuleCreate, status=201, **leads),
        Endpoint("lead_routing:change", Method.PATCH, one, change, LeadRule,
                 "Change fields of a rule", body=RulePatch, **leads),
        Endpoint("lead_routing:remove", Method.DELETE, one, remove, LeadRule,
                 "Remove a rule", **leads),
        Endpoint("lead_routing:agents", Method.GET, of_agents, list_agents, LoadedAgent,
                 "List who takes leads, and how many they have", many=True, **writers),
        Endpoint("lead_routing:agent", Method.PATCH, f"{of_agents}/{{id}}", change_agent,
                 LeadAgent, "Say what a member takes of the team's leads", body=AgentChange,
                 **leads),
    ]  # fmt: skip


def _given(call: Call) -> dict[str, Any]:
    given = sent(call.body)
    given.pop("version", None)
    return given
