"""The attributes of a property that escrows and listings share."""

from enum import StrEnum

from pydantic import BaseModel

from domains.kit.fields import (
    Area,
    Count,
    Latitude,
    Line,
    Longitude,
    Money,
    Rooms,
    Word,
    Year,
)


class PropertyType(StrEnum):
    SINGLE_FAMILY = "Single Family"
    CONDO = "Condo"
    TOWNHOUSE = "Townhouse"
    MULTI_FAMILY = "Multi-Family"
    LAND = "Land"
    COMMERCIAL = "Commercial"


class CommissionType(StrEnum):
    PERCENTAGE = "percentage"
    FLAT = "flat"


class PropertyFields(BaseModel):
    """Where and what the property is; areas in square feet, coordinates in degrees (WGS 84)."""

    display_address: Line | None = None
    city: Word | None = None
    state: Word | None = None
    zip_code: Word | None = None
    county: Word | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    apn: Word | None = None
    mls_number: Word | None = None
    property_type: PropertyType | None = None
    bedrooms: Rooms | None = None
    bathrooms: Rooms | None = None
    square_feet: Area | None = None
    lot_size: Area | None = None
    year_built: Year | None = None
    stories: Rooms | None = None
    garage_spaces: Count | None = None
    pool: bool | None = None
    spa: bool | None = None
    hoa_fee: Money | None = None
    subdivision: Word | None = None
