"""The statistics as a person would work them out, from the records themselves."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Records = Sequence[Any]


def escrow_stats(escrows: Records) -> dict[str, Any]:
    by = _grouped(escrows, "escrow_status")
    return {
        "total": len(escrows),
        **{
            status: len(by.get(status, []))
            for status in ("active", "pending", "closed", "cancelled")
        },
        "activeVolume": _sum(e["purchase_price"] for e in by.get("active", [])),
        "closedVolume": _sum(_paid(e) for e in by.get("closed", [])),
        "totalCommission": _sum(
            _commission(e) for e in escrows if e["escrow_status"] != "cancelled"
        ),
        "activePercentage": _percent(len(by.get("active", [])), len(escrows)),
        "closedPercentage": _percent(len(by.get("closed", [])), len(escrows)),
    }


def listing_stats(listings: Records) -> dict[str, Any]:
    by = _grouped(listings, "listing_status")
    sold, active = by.get("closed", []), by.get("active", [])
    shown = [item for item in listings if item["on_market_date"] is not None]
    return {
        "total": len(listings),
        "comingSoon": len(by.get("coming_soon", [])),
        "active": len(active),
        "pending": len(by.get("pending", [])) + len(by.get("active_under_contract", [])),
        "sold": len(sold),
        "expired": len(by.get("expired", [])),
        "cancelled": len(by.get("cancelled", [])),
        "withdrawn": len(by.get("withdrawn", [])),
        "avgListPrice": _mean([item["list_price"] for item in listings], "0.01"),
        "avgSoldPrice": _mean([item["close_price"] for item in sold], "0.01"),
        "totalActiveInventory": _sum(item["list_price"] for item in active),
        "totalSoldVolume": _sum(item["close_price"] for item in sold),
        "avgDaysOnMarket": _mean([item["days_on_market"] for item in shown], "0.1"),
        "activePercentage": _percent(len(active), len(listings)),
    }


NAIVE = {"escrows": escrow_stats, "listings": listing_stats}


def _paid(escrow: Any) -> Decimal:
    price = escrow["purchase_price"] if escrow["close_price"] is None else escrow["close_price"]
    return Decimal(price)


def _commission(escrow: Any) -> Decimal:
    if escrow["gross_commission"] is not None:
        return Decimal(escrow["gross_commission"])
    if escrow["commission_percentage"] is None:
        return Decimal(0)
    return _rounded(_paid(escrow) * Decimal(escrow["commission_percentage"]) / 100, "0.01")


def _grouped(records: Records, name: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for record in records:
        groups.setdefault(record[name], []).append(record)
    return groups


def _sum(values: Iterable[Any]) -> Decimal:
    return sum((Decimal(value) for value in values), Decimal(0))


def _mean(values: Sequence[Any], step: str) -> Decimal:
    return _rounded(_sum(values) / len(values), step) if values else Decimal(0)


def _percent(part: int, whole: int) -> Decimal:
    return _rounded(Decimal(100 * part) / whole, "0.1") if whole else Decimal(0)


def _rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), ROUND_HALF_UP)
