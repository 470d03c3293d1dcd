"""Sign-in and teams as a client meets them: paths, status codes, envelopes."""

from datetime import timedelta
from typing import Any

import pytest

from domains.auth.tokens import Tokens
from domains.kit.actor import SYSTEM
from server.keys import SERVICES
from tests.api.desk import PASSWORD, a_new_address
from tests.api.whole_server import SECRETS, Said, WholeServer
from tests.factories import Team


def bearer(data: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {data['access_token']}"}


async def register(server: WholeServer, email: str, **changes: Any) -> Said:
    body = {
        "email": email,
        "password": PASSWORD,
        "full_name": "Olga Owner",
        "team_name": "Harbor Homes",
    }
    return await server.ask("POST", "/v1/auth/register", body={**body, **changes})


async def test_a_session_from_registering_to_signing_out(server: WholeServer) -> None:
    email = a_new_address()
    registered = await register(server, email)
    assert registered.status == 201
    assert registered.headers["Cache-Control"] == "no-store"
    assert registered.json["meta"]["seq"] == 1
    login = await server.ask("POST", "/v1/auth/login", body={"email": email, "password": PASSWORD})
    assert login.status == 200
    assert set(login.data) == {
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
        "user",
        "team",
        "rights",
    }
    me = await server.ask("GET", "/v1/auth/me", headers=bearer(login.data))
    assert me.json["success"] is True
    assert me.data == {name: login.data[name] for name in ("user", "team", "rights")}
    refreshed = await server.ask(
        "POST", "/v1/auth/refresh", body={"refresh_token": login.data["refresh_token"]}
    )
    assert refreshed.status == 200
    said = {"refresh_token": refreshed.data["refresh_token"]}
    assert (await server.ask("POST", "/v1/auth/logout", body=said)).status == 200
    again = await server.ask("POST", "/v1/auth/refresh", body=said)
    assert (again.status, again.error["code"]) == (401, "AUTH_REQUIRED")


async def test_refusals_carry_their_codes(server: WholeServer) -> None:
    email = a_new_address()
    assert (await register(server, email)).status == 201
    twice = await register(server, email.upper())
    assert (twice.status, twice.error["code"]) == (409, "CONFLICT")
    wrong = [
        await server.ask(
            "POST", "/v1/auth/login", body={"email": address, "password": "wrong battery"}
        )
        for address in (email, a_new_address())
    ]
    assert [(said.status, said.error["code"]) for said in wrong] == [(401, "AUTH_REQUIRED")] * 2
    assert wrong[0].error == wrong[1].error


async def test_a_refused_body_names_its_fields_and_repeats_no_secret(server: WholeServer) -> None:
    secret = "hunter2!"
    refused = await register(
        server, "nobody", password=secret, full_name=" ", role="owner", team_name=None
    )
    assert (refused.status, refused.error["code"]) == (400, "VALIDATION_ERROR")
    assert refused.fields == {"email", "password", "full_name", "role", "team_name"}
    assert secret.encode() not in refused.raw


async def test_an_expired_token_says_so_and_a_foreign_one_does_not(
    server: WholeServer, team: Team
) -> None:
    fine = server.app[SERVICES].tokens.issue(team.agent.user_id, team.id, team.id)
    expired = Tokens([SECRETS.jwt], lifetime=timedelta(minutes=-5)).issue(
        team.agent.user_id, team.id, team.id
    )
    for token, code in (
        (expired, "TOKEN_EXPIRED"),
        (fine, "AUTH_REQUIRED"),  # signed by us, for a session there is not
        ("nonsense", "AUTH_REQUIRED"),
    ):
        said = await server.ask("GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        assert (said.status, said.error["code"]) == (401, code)


async def test_an_invitation_from_its_making_to_the_new_colleague(
    server: WholeServer, team: Team
) -> None:
    email = a_new_address()
    invitations = "/v1/teams/current/invitations"
    asked = {"email": email, "role": "agent"}
    forbidden = await server.ask("POST", invitations, by=team.agent, body=asked)
    assert (forbidden.status, forbidden.error["code"]) == (403, "FORBIDDEN")
    made = await server.ask("POST", invitations, by=team.lead, body=asked)
    assert made.status == 201
    listed = await server.ask("GET", invitations, by=team.lead)
    assert [invitation["email"] for invitation in listed.data] == [email]
    assert made.data["token"].encode() not in listed.raw
    accept = {"token": made.data["token"], "full_name": "Nora New", "password": PASSWORD}
    joined = await server.ask("POST", "/v1/auth/invitations/accept", body=accept)
    assert joined.status == 201
    assert joined.data["team"]["role"] == "agent"
    again = await server.ask("POST", "/v1/auth/invitations/accept", body=accept)
    assert (again.status, again.error["code"]) == (409, "CONFLICT")
    members = await server.ask("GET", "/v1/teams/current/members", headers=bearer(joined.data))
    assert "Nora New" in {member["full_name"] for member in members.data}
    assert members.json["meta"]["as_of_seq"] == joined.json["meta"]["seq"]
    current = await server.ask("GET", "/v1/teams/current", by=team.viewer)
    assert current.data["members"] == 5


async def test_a_change_of_role_honors_versions_and_keys(server: WholeServer, team: Team) -> None:
    path = f"/v1/teams/current/members/{team.agent.user_id}"
    said = [
        await server.ask(
            "PATCH",
            path,
            by=team.owner,
            body={"role": "lead"},
            headers={"Idempotency-Key": "promote-ana", "If-Match": "1"},
        )
        for _ in range(2)
    ]
    assert [answer.status for answer in said] == [200, 200]
    assert said[0].headers["ETag"] == '"2"'
    assert said[1].json["meta"]["replayed"] is True
    stale = await server.ask(
        "PATCH", path, by=team.owner, body={"role": "viewer"}, headers={"If-Match": "1"}
    )
    assert (stale.status, stale.error["code"]) == (409, "VERSION_CONFLICT")
    gone = await server.ask("DELETE", path, by=team.owner)
    assert gone.data["removed_at"] is not None
    missing = await server.ask("DELETE", path, by=team.owner)
    assert (missing.status, missing.error["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("password", ["!", "", PASSWORD])
async def test_nobody_signs_in_or_registers_as_homeroom_itself(
    server: WholeServer, password: str
) -> None:
    email = await server.db.fetchval("SELECT email FROM users WHERE id = $1", SYSTEM)
    body = {"email": email, "password": password}
    assert (await server.ask("POST", "/v1/auth/login", body=body)).status in {400, 401}
    assert (await register(server, email)).status in {400, 409}


@pytest.mark.parametrize("name", ["register", "login", "refresh", "logout", "accept"])
def test_passwords_and_refresh_tokens_never_travel_by_socket(
    server: WholeServer, name: str
) -> None:
    by_name = {endpoint.name: endpoint for endpoint in server.endpoints}
    assert not by_name[f"auth:{name}"].socket
    assert not by_name["teams:invite"].socket
