"""A write's answer as the envelope tells it."""

import json

from db.transaction import Answer
from domains.kit.endpoint import Reply


def reply(answer: Answer) -> Reply:
    """The record, its place in the log, and how it was merged."""
    meta = {name: value for name, value in answer.meta.items() if name != "version"}
    meta["seq"] = answer.seq
    if answer.replayed:
        meta["replayed"] = True
    version = answer.meta.get("version")
    return Reply(
        answer.data.encode(),
        status=answer.status,
        meta=json.dumps(meta, separators=(",", ":")).encode(),
        headers={"ETag": f'"{version}"'} if version else {},
    )
