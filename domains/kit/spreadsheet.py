"""CSV that a spreadsheet opens as data: no cell of it can start a formula."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

# A cell that begins like this is run as a formula by Excel, Sheets and LibreOffice.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CHUNK = 64 * 1024


async def csv_lines(names: Sequence[str], images: AsyncIterator[str]) -> AsyncIterator[bytes]:
    """A header line and one line for each JSON image, in pieces of about 64 KB."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    async for image in images:
        record = json.loads(image, parse_float=_Number, parse_int=_Number)
        writer.writerow([cell(record.get(name)) for name in names])
        if buffer.tell() > CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


class _Number(str):
    """The digits of a number just as Postgres wrote them: money keeps its cents."""

    __slots__ = ()


def cell(value: Any) -> str:
    """One cell: text is made harmless by a leading apostrophe, lists are joined, null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return cell("; ".join(_inside(item) for item in value))
    if isinstance(value, dict):
        return cell(_inside(value))
    text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def _inside(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("name") or " ".join(
            str(part) for part in value.values() if part is not None
        )
    return cell(value)  # where a semicolon parts cells, each item is one
