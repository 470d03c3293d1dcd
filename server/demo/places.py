"""King County's ZIP codes: the postal city, and the name by which people know the part of town."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`name` belongs to the ZIP code as a whole; a parcel near its edge may lie next door."""

    city: str
    name: str


# Each line: a postal city, then its ZIP codes. Outside Seattle the city is the name people use.
_TOWNS = """
    Auburn: 98001 98002 98092
    Bellevue: 98004 98005 98006 98007 98008
    Black Diamond: 98010
    Bothell: 98011
    Carnation: 98014
    Duvall: 98019
    Enumclaw: 98022
    Fall City: 98024
    Federal Way: 98003 98023
    Issaquah: 98027 98029
    Kenmore: 98028
    Kent: 98030 98031 98032 98042
    Kirkland: 98033 98034
    Maple Valley: 98038
    Medina: 98039
    Mercer Island: 98040
    North Bend: 98045
    Redmond: 98052 98053
    Renton: 98055 98056 98058 98059
    Sammamish: 98074 98075
    Snoqualmie: 98065
    Vashon: 98070
    Woodinville: 98072 98077
"""

# All of these have Seattle as their postal city, also where they lie outside its limits.
_SEATTLE = {
    "98102": "Eastlake",
    "98103": "Wallingford",
    "98105": "University District",
    "98106": "Delridge",
    "98107": "Ballard",
    "98108": "Beacon Hill",
    "98109": "Westlake",
    "98112": "Madison Park",
    "98115": "Ravenna",
    "98116": "Alki",
    "98117": "Crown Hill",
    "98118": "Columbia City",
    "98119": "Queen Anne",
    "98122": "Central District",
    "98125": "Lake City",
    "98126": "West Seattle",
    "98133": "Bitter Lake",
    "98136": "Fauntleroy",
    "98144": "Mount Baker",
    "98146": "White Center",
    "98148": "Burien",
    "98155": "Shoreline",
    "98166": "Normandy Park",
    "98168": "Tukwila",
    "98177": "Broadview",
    "98178": "Skyway",
    "98188": "SeaTac",
    "98198": "Des Moines",
    "98199": "Magnolia",
}


def _read(towns: str) -> dict[str, Place]:
    lines = (line.partition(":") for line in towns.strip().splitlines())
    return {
        zip_code: Place(city.strip(), city.strip())
        for city, _, zip_codes in lines
        for zip_code in zip_codes.split()
    }


PLACES = _read(_TOWNS) | {zip_code: Place("Seattle", name) for zip_code, name in _SEATTLE.items()}
