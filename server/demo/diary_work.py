"""What an agent does with appointments: makes them, confirms them, says that they took place."""

from datetime import timedelta

from server.demo.acts import PREFIX, Act, Day, Record, move, place

SOON_DAYS = (1, 10)
HOURS = (9, 18)


def plan(listing: Record, day: Day) -> Act | None:
    """An open house; who is elsewhere at the time sends an assistant."""
    on = day.on + timedelta(day.rng.randint(*SOON_DAYS))
    return Act(
        f"planned an open house at {place(listing)} on {on.isoformat()}",
        "POST",
        "/appointments",
        {
            "title": f"Open house: {place(listing)}",
            "appointment_type": "open_house",
            "listing_id": listing["id"],
            "is_private": listing["is_private"],
            "appointment_date": on.isoformat(),
            "start_time": f"{day.rng.randint(*HOURS):02}:00",
            "duration": 60,
            "overlap_reason": f"{PREFIX}an assistant opens the door",
        },
    )


def show(listing: Record, day: Day) -> Act | None:
    """A showing to a buyer who is plainly nobody, with the home as its one stop."""
    on = day.on + timedelta(day.rng.randint(*SOON_DAYS))
    buyer = f"Demo Buyer S{day.rng.randrange(10_000, 100_000)}"
    return Act(
        f"planned to show {place(listing)} to {buyer} on {on.isoformat()}",
        "POST",
        "/appointments",
        {
            "title": f"Showing to {buyer}",
            "appointment_type": "property_showing",
            "listing_id": listing["id"],
            "is_private": listing["is_private"],
            "appointment_date": on.isoformat(),
            "start_time": f"{day.rng.randint(*HOURS):02}:30",
            "duration": 30,
            "overlap_reason": f"{PREFIX}an assistant shows it",
            "stops": [{"location_address": place(listing), "estimated_duration": 30}],
            "attendees": [{"display_name": buyer, "is_primary": True}],
        },
    )


def confirm(appointment: Record, _: Day) -> Act | None:
    if appointment["appointment_type"] == "property_showing":
        return None  # without the buyer's agreement it needs a reason
    return move(
        appointment, "confirmed", f"confirmed {appointment['title']}", plural="appointments"
    )


def complete(appointment: Record, day: Day) -> Act | None:
    if appointment["appointment_date"] >= day.on.isoformat():
        return None
    return move(appointment, "completed", f"was at {appointment['title']}", plural="appointments")
