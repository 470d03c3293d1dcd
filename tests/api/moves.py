"""The moves of a state machine, as cases to try."""

from domains.kit.actor import LEADS
from domains.kit.resource import Resource


def legal(resource: Resource) -> list[tuple[str, str]]:
    """Every (from, to) the machine has."""
    return [(str(old), str(new)) for old, steps in resource.transitions.items() for new in steps]


def illegal(resource: Resource) -> list[tuple[str, str]]:
    """Every pair of different statuses the machine has no step for."""
    known = set(legal(resource))
    pairs = [(str(old), str(new)) for old in resource.transitions for new in resource.transitions]
    return [(old, new) for old, new in pairs if old != new and (old, new) not in known]


def for_leads(resource: Resource) -> list[tuple[str, str]]:
    return [
        (old, new) for old, new in legal(resource) if resource.transitions[old][new].roles == LEADS
    ]


def asked(resource: Resource) -> list[tuple[str, str, str]]:
    """Each (from, to) with each field that the step needs and a new record does not hold."""
    held = {name for name, field in resource.create.model_fields.items() if field.is_required()}
    return [
        (old, new, name)
        for old, new in legal(resource)
        for name in resource.transitions[old][new].needs
        if name not in held | {"owner_id"}
    ]
