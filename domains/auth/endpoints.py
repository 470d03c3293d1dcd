"""The outside of sign-in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domains.auth import service, sign_up
from domains.auth.authenticator import Bearer
from domains.auth.models import (
    Acceptance,
    Chosen,
    Me,
    PasswordChange,
    RefreshToken,
    Registration,
    Renewal,
    Signed,
    SignIn,
    TeamChoice,
)
from domains.kit.actor import EVERYONE
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import Unauthenticated
from domains.kit.fields import Output
from domains.kit.replies import reply
from domains.kit.services import Services


def endpoints(services: Services) -> list[Endpoint]:
    async def register(call: Call) -> Reply:
        return _secret(reply(await sign_up.register(services, call.body, remote=call.remote)))

    async def accept(call: Call) -> Reply:
        return _secret(reply(await sign_up.accept(services, call.body, remote=call.remote)))

    async def login(call: Call) -> Reply:
        return _told(await service.sign_in(services, call.body, remote=call.remote))

    async def refresh(call: Call) -> Reply:
        said = call.body
        return _told(
            await service.refresh(
                services, said.refresh_token, team_id=said.team_id, remote=call.remote
            )
        )

    async def team(call: Call) -> Reply:
        by = _bearer(call)
        until = datetime.fromtimestamp(by.expires_at, UTC)
        return _told(
            await service.choose(
                services, by.user_id, by.session_id, call.body.team_id, until=until
            )
        )

    async def logout(call: Call) -> Reply:
        await service.sign_out(services, call.body.refresh_token)
        return Reply()

    async def logout_everywhere(call: Call) -> Reply:
        await service.sign_out_everywhere(services, call.who.user_id)
        return Reply()

    async def password(call: Call) -> Reply:
        bearer = _bearer(call)
        await service.change_password(services, bearer.user_id, bearer.session_id, call.body)
        return Reply()

    async def me(call: Call) -> Reply:
        return _told(await service.me(services.db, call.who))

    # Passwords and refresh tokens travel in requests of their own, never over a room's socket.
    anyone: dict[str, Any] = {"roles": None, "tag": "auth", "socket": False}
    return [
        Endpoint("auth:register", Method.POST, "/auth/register", register, Signed,
                 "Start a team and become its owner", body=Registration, status=201, **anyone),
        Endpoint("auth:login", Method.POST, "/auth/login", login, Signed, "Sign in",
                 body=SignIn, **anyone),
        Endpoint("auth:refresh", Method.POST, "/auth/refresh", refresh, Signed,
                 "Exchange a refresh token for new tokens", body=Renewal, **anyone),
        Endpoint("auth:team", Method.POST, "/auth/team", team, Chosen,
                 "Get a token for another team that you may act in", body=TeamChoice,
                 socket=False, tag="auth"),
        Endpoint("auth:logout", Method.POST, "/auth/logout", logout, None,
                 "Sign out: close the session", body=RefreshToken, **anyone),
        Endpoint("auth:logout_everywhere", Method.POST, "/auth/logout-everywhere",
                 logout_everywhere, None,
                 "Sign out everywhere: close all your sessions, with their sockets",
                 socket=False, tag="auth"),
        Endpoint("auth:password", Method.POST, "/auth/password", password, None,
                 "Change your password, and close all your other sessions",
                 body=PasswordChange, socket=False, tag="auth"),
        Endpoint("auth:accept", Method.POST, "/auth/invitations/accept", accept, Signed,
                 "Take up an invitation to a team", body=Acceptance, status=201, **anyone),
        Endpoint("auth:me", Method.GET, "/auth/me", me, Me, "Tell who is signed in",
                 roles=EVERYONE, tag="auth"),
    ]  # fmt: skip


def _bearer(call: Call) -> Bearer:
    if not isinstance(call.who, Bearer):
        raise Unauthenticated("Sign in first")
    return call.who


def _told(answer: Output) -> Reply:
    return _secret(Reply(answer.model_dump_json().encode()))


def _secret(answer: Reply) -> Reply:
    # Nobody on the way may keep an answer with tokens in it.
    return replace(answer, headers={"Cache-Control": "no-store"})
