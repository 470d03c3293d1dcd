"""What a change of a record leaves in the log: one event, with its image after it."""

from db.transaction import Draft, Transaction
from domains.kit.resource import Record, Resource


def tell(
    tx: Transaction, resource: Resource, kind: str, row: Record, *, before: Record | None
) -> None:
    tx.append(
        Draft(
            kind,
            resource.name,
            row["id"],
            row["version"],
            row["image"],
            before["image"] if before else None,
            audience=row["audience"],
            audience_before=before["audience"] if before else None,
        )
    )
