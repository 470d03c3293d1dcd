"""An e-mail address in the one form that is stored and compared."""

from typing import Annotated

from email_validator import validate_email
from pydantic import AfterValidator, StringConstraints


def _normal(address: str) -> str:
    # Whether mail arrives there only a mail can tell, so nothing is looked up. The library refuses
    # .test addresses as not deliverable; here they are as good as any other.
    checked = validate_email(address, check_deliverability=False, test_environment=True)
    return checked.normalized.lower()


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=254),
    AfterValidator(_normal),
]
