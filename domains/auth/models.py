"""What sign-in takes and answers."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from domains.kit.actor import Right, Role
from domains.kit.email import Email
from domains.kit.fields import Input, Output, Word
from domains.kit.opaque import LENGTH


def _typed(password: str) -> str:
    if re.search(r"[\x00\ud800-\udfff]", password):
        raise ValueError("holds characters that no keyboard types")
    return password


Password = Annotated[
    str,
    StringConstraints(min_length=10, max_length=128),
    AfterValidator(_typed),
    Field(description="10 to 128 characters of any kind", examples=["correct horse battery"]),
]
# What is only compared has no rules but a bound: rules may have been others when it was chosen.
KnownPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=128), AfterValidator(_typed)
]
Token = Annotated[
    str, StringConstraints(min_length=LENGTH, max_length=LENGTH, pattern=r"^[A-Za-z0-9_-]+$")
]


class Private(Input):
    """A body with a secret in it, which no error message may repeat."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Registration(Private):
    """A new team and its owner; of a new brokerage, too, where one is named."""

    email: Email
    password: Password
    full_name: Word
    team_name: Word
    brokerage_name: Word | None = None


class SignIn(Private):
    """`team_id` chooses among several teams; without it, the one joined first."""

    email: Email
    password: KnownPassword
    team_id: Annotated[UUID, Field(strict=False)] | None = None


class RefreshToken(Private):
    refresh_token: Token


class Renewal(RefreshToken):
    """`team_id` is a team that was chosen with this session; without it, the one it began in."""

    team_id: Annotated[UUID, Field(strict=False)] | None = None


class TeamChoice(Input):
    team_id: Annotated[UUID, Field(strict=False)]


class PasswordChange(Private):
    """The password one has, and the one to have."""

    current: KnownPassword
    new: Password


class Acceptance(Private):
    """For a new address, the account to make; for a known one, its password as proof."""

    token: Token
    full_name: Word
    password: Password


class User(Output):
    id: UUID
    email: str
    full_name: str


class Membership(Output):
    id: UUID
    name: str
    role: Role


class Me(Output):
    """Who is signed in, and in which team."""

    user: User
    team: Membership
    rights: list[Right] = Field(description="What the role and the permissions given to you allow")


class Chosen(Me):
    """A token of the same session for another team; refresh it with the team's id."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int


class Signed(Me):
    """An open session: the access token goes into each request, the refresh token buys the next."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int
