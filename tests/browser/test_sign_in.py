"""The way in and out, through the page."""

import asyncio

from playwright.async_api import expect

from channels.sockets import wire
from server.keys import GATEWAY
from tests.api.whole_server import WholeServer
from tests.browser.conftest import OpenWindow
from tests.browser.office import PASSWORD, Office, address
from tests.realtime.nodes import until


async def test_a_wrong_password_is_told_and_nothing_opens(
    office: Office, stranger: OpenWindow
) -> None:
    window = await stranger()
    await window.go("")
    await window.page.get_by_label("Email").fill(office.owner.email)
    await window.page.get_by_label("Password", exact=True).fill("not the password")
    await window.page.get_by_role("button", name="Sign in").click()
    await expect(window.page.get_by_role("alert")).to_contain_text("is wrong")
    await expect(window.page.locator(".badge")).to_have_count(0)


async def test_a_team_is_started_and_its_owner_is_in(stranger: OpenWindow) -> None:
    window = await stranger()
    await window.go("register")
    await window.page.get_by_label("Team name").fill("Lake Group")
    await window.page.get_by_label("Your name").fill("Olga Lake")
    await window.page.get_by_label("Email").fill(address("Olga"))
    await window.page.get_by_label("Password", exact=True).fill("short")
    await window.page.get_by_role("button", name="Create the team").click()
    await expect(window.page.locator("#door-password-note")).to_contain_text("at least 10")
    await window.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await window.page.get_by_role("button", name="Create the team").click()
    await window.is_live()
    await expect(window.page.get_by_text("No escrows yet")).to_be_visible()


async def test_an_invitation_link_lets_a_colleague_in_and_the_team_sees_it(
    office: Office, stranger: OpenWindow, window: OpenWindow
) -> None:
    owner = await window(office.owner, "team")
    await owner.page.get_by_label("Email").fill(address("Kim"))
    await owner.page.get_by_label("Role").select_option("viewer")
    await owner.page.get_by_role("button", name="Invite").click()
    link = await owner.page.locator("code.link").inner_text()
    kim = await stranger()
    await kim.page.goto(link)
    await kim.page.get_by_label("Your name").fill("Kim Vale")
    await kim.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await kim.page.get_by_role("button", name="Join").click()
    await kim.is_live()
    await expect(owner.page.locator(".people").first).to_contain_text("Kim Vale")


async def test_a_role_taken_away_takes_the_buttons_away(office: Office, window: OpenWindow) -> None:
    person = await office.hire("Ana Alder")
    ana = await window(person)
    await expect(ana.page.get_by_role("button", name="New escrow")).to_be_visible()
    await office.ask("PATCH", f"/teams/current/members/{person.id}", body={"role": "viewer"})
    await expect(ana.page.get_by_role("button", name="New escrow")).to_have_count(0)


async def test_who_is_removed_from_the_team_is_shown_out(
    office: Office, window: OpenWindow
) -> None:
    person = await office.hire("Ana Alder")
    ana = await window(person)
    await office.ask("DELETE", f"/teams/current/members/{person.id}")
    await expect(ana.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_reload_comes_back_signed_in_to_the_same_record(
    office: Office, window: OpenWindow
) -> None:
    escrow = await office.escrow()
    owner = await window(office.owner, f"escrows/{escrow['id']}")
    await owner.page.reload()
    await expect(owner.drawer).to_contain_text("12 Main St")


async def test_two_tabs_renew_their_sessions_at_once_and_both_stay(
    office: Office, window: OpenWindow
) -> None:
    first = await window(office.owner)
    second = await first.context.new_page()
    await second.goto(first.page.url)
    await expect(second.locator(".badge.live")).to_be_visible()
    renew = "() => document.querySelector('hr-shell').room.session.renew()"
    for _ in range(3):
        await asyncio.gather(first.page.evaluate(renew), second.evaluate(renew))
    await expect(first.page.locator(".badge.live")).to_be_visible()
    await expect(second.locator(".badge.live")).to_be_visible()


async def test_signing_out_in_one_tab_signs_out_the_others(
    office: Office, window: OpenWindow
) -> None:
    first = await window(office.owner)
    second = await first.context.new_page()
    await second.goto(first.page.url)
    await expect(second.locator(".badge.live")).to_be_visible()
    await second.get_by_role("button", name="account and appearance").click()
    await second.get_by_role("button", name="Sign out", exact=True).click()
    await expect(second.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(first.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await first.page.reload()
    await expect(first.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_signing_out_everywhere_signs_out_the_other_devices(
    office: Office, window: OpenWindow
) -> None:
    person = await office.hire("Ana Alder")
    here, there = await window(person), await window(await office.sign_in(person))
    await here.page.get_by_role("button", name="account and appearance").click()
    await here.page.get_by_role("button", name="Sign out everywhere").click()
    await expect(here.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(there.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_page_that_stays_open_renews_its_token_on_the_same_socket(
    office: Office, server: WholeServer, window: OpenWindow
) -> None:
    person = await office.hire("Ana Alder")
    page = await window(person)
    [member] = [
        member
        for member in server.app[GATEWAY]._members.values()
        if str(member.who.user_id) == person.id
    ]
    ends = member.who.expires_at
    await asyncio.sleep(1)  # tokens end at whole seconds
    member.push(wire.said("auth.expiring", {"exp": "", "in_s": 60}))
    await until(lambda: member.who.expires_at > ends)
    assert not member.gone
    await expect(page.page.locator(".badge.live")).to_be_visible()
