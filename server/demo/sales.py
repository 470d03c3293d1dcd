"""The real sales the demo is built on, as sales.csv keeps them (SOURCE.md says whence)."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path


class Source(StrEnum):
    KING_COUNTY = "king_county"
    SEATTLE = "seattle"


@dataclass(frozen=True, slots=True)
class Sale:
    """One recorded sale of one parcel. Nothing in it is invented."""

    source: Source
    parcel: str
    sale_date: date
    price: Decimal
    property_type: str
    bedrooms: int
    bathrooms: Decimal
    sqft: int
    lot_sqft: int
    floors: Decimal
    waterfront: bool
    view: int
    grade: int
    year_built: int
    zip_code: str
    latitude: float
    longitude: float

    @property
    def key(self) -> str:
        """Its name among the demo's sales: a parcel may have been sold more than once."""
        return f"{self.parcel} {self.sale_date}"


PROPERTY_TYPES = {"sfr": "Single Family", "townhouse": "Townhouse"}


def read_sales() -> list[Sale]:
    """Oldest first."""
    with Path(__file__).with_name("sales.csv").open(newline="") as file:
        return [_sale(row) for row in csv.DictReader(file)]


def _sale(row: dict[str, str]) -> Sale:
    return Sale(
        source=Source(row["source"]),
        parcel=row["parcel"],
        sale_date=date.fromisoformat(row["sale_date"]),
        price=Decimal(row["price"]),
        property_type=PROPERTY_TYPES[row["use_type"]],
        bedrooms=int(row["bedrooms"]),
        bathrooms=Decimal(row["bathrooms"]),
        sqft=int(row["sqft"]),
        lot_sqft=int(row["lot_sqft"]),
        floors=Decimal(row["floors"]),
        waterfront=row["waterfront"] == "1",
        view=int(row["view"]),
        grade=int(row["grade"]),
        year_built=int(row["yr_built"]),
        zip_code=row["zip"],
        latitude=float(row["lat"]),
        longitude=float(row["long"]),
    )
