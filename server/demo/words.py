"""The sentences of the demo's records: what is real about them, and what was built."""

from server.demo.sales import Sale, Source

SETS = {Source.KING_COUNTY: "King County", Source.SEATTLE: "Seattle"}


def parcel(sale: Sale) -> str:
    """The assessor's way to write it. The sets hold no street lines, and none is invented."""
    return f"Parcel {sale.parcel[:6]}-{sale.parcel[6:]}"


def provenance(sale: Sale, moved_days: int) -> str:
    sold = f"{SETS[sale.source]} sale of {sale.sale_date} for ${sale.price:,}"
    if not moved_days:
        return (
            f"Demo, on a real {sold}: the home, its place, closing day and price are real; "
            "asking prices, days on the market and people are built (server/demo/SOURCE.md)."
        )
    return (
        f"Demo, built from the real {sold}: all its days are moved forward by {moved_days:,} days, "
        "so that it is on the market now; asking prices and people are built "
        "(server/demo/SOURCE.md)."
    )


def description(sale: Sale) -> str:
    rooms = f"{_many(sale.bedrooms, 'bedroom')} and {_many(sale.bathrooms.normalize(), 'bath')}"
    floors = _many(sale.floors.normalize(), "floor")
    return (
        f"{sale.property_type} home of {sale.sqft:,} sq ft with {rooms} on {floors}, built in "
        f"{sale.year_built}, on a lot of {sale.lot_sqft:,} sq ft. "
        f"Assessor's construction grade {sale.grade} of 13."
    )


def features(sale: Sale) -> list[str]:
    named = {
        "Waterfront": sale.waterfront,
        "View": sale.view > 0,
        "Large lot": sale.lot_sqft >= 20_000,
        "Custom build": sale.grade >= 10,
        "Prewar": sale.year_built < 1940,
        "New construction": sale.sale_date.year - sale.year_built <= 1,
    }
    return [name for name, holds in named.items() if holds]


def _many(number: object, thing: str) -> str:
    return f"{number} {thing}" if str(number) == "1" else f"{number} {thing}s"
