"""What an agent does with people: leads are called and judged, clients and contacts noted about."""

from datetime import timedelta

from server.demo.acts import PREFIX, Act, Day, Record, move, place
from server.demo.circle import SOURCES, TIMELINES
from server.demo.escrow_work import KEPT_NOTES

LOST_SHARE = 0.15
DEFERRED_SHARE = 0.15
AGAIN_DAYS = 14
CALLS = (
    "asked for homes with a larger garden",
    "talks to the bank on Monday",
    "wants to see two more homes first",
    "left a message",
)
NOTES = (
    "asks how the week went",
    "agreed to an open house",
    "wants the price talked over once more",
    "was sent the newest sales nearby",
)
REMARKS = ("is away until Monday", "answers mails within the day", "asked for the file")


def enter(listing: Record, day: Day) -> Act | None:
    """Somebody asked about a home; they are plainly nobody."""
    number = day.rng.randrange(10_000, 100_000)
    return Act(
        f"entered a lead who asked about {place(listing)}",
        "POST",
        "/leads",
        {
            "first_name": "Demo",
            "last_name": f"Caller S{number}",
            "lead_type": "buyer",
            "lead_source": day.rng.choice(SOURCES),
            "timeline": day.rng.choice(TIMELINES),
            "budget": listing["list_price"],
            "zip_code": listing["zip_code"],
            "tags": ["demo"],
            "notes": "Demo, made by `simulate`: nobody real.",
        },
    )


def call(lead: Record, day: Day) -> Act | None:
    return Act(
        f"called {lead['full_name']}",
        "POST",
        f"/leads/{lead['id']}/activities",
        {"activity_type": "call", "notes": f"{PREFIX}{day.rng.choice(CALLS)}"},
    )


def judge(lead: Record, day: Day) -> Act | None:
    """Most who were talked to are worth going on with."""
    luck, name = day.rng.random(), lead["full_name"]
    if luck < LOST_SHARE:
        return move(
            lead,
            "lost",
            f"lost {name} to somebody else",
            plural="leads",
            reason=f"{PREFIX}bought with somebody else",
        )
    if luck < LOST_SHARE + DEFERRED_SHARE:
        again = (day.on + timedelta(AGAIN_DAYS)).isoformat()
        says = f"calls {name} again on {again}"
        return move(lead, "deferred", says, plural="leads", next_follow_up=again)
    return move(lead, "qualified", f"qualified {name}", plural="leads")


def note(client: Record, day: Day) -> Act | None:
    text = day.rng.choice(NOTES)
    return Act(
        f"noted about {client['full_name']}: {text}",
        "POST",
        f"/clients/{client['id']}/notes",
        {"content": f"{PREFIX}{text}", "type": "conversation"},
    )


def remark(contact: Record, day: Day) -> Act | None:
    lines = (contact["notes"] or "").splitlines()
    ours = [line for line in lines if line.startswith(PREFIX)][-KEPT_NOTES + 1 :]
    kept = [line for line in lines if not line.startswith(PREFIX)] + ours
    text = f"{day.rng.choice(REMARKS)} ({day.rng.randrange(24):02}:{day.rng.randrange(60):02})"
    return Act(
        f"noted about {contact['full_name']}: {text}",
        "PATCH",
        f"/contacts/{contact['id']}",
        {"notes": "\n".join([*kept, f"{PREFIX}{text}"]), "version": contact["version"]},
    )
