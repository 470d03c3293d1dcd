"""The commands of `python -m server`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import uvloop

from db.errors import Unavailable
from db.migrate import MigrationError
from db.servant import CannotStart
from domains.kit.errors import DomainError
from server import catalogue, domain_pages, logs, new_domain, serve, tasks
from server.demo.client import Away, Refused
from server.demo.simulate import Plan, simulate
from server.secrets_file import Secrets
from server.serve import say
from server.settings import NotConfigured, Settings, table

FAILED: Final = 1
NOT_CONFIGURED: Final = 2
CHOICES: Final = ("pace", "minutes", "agents", "seed")  # of a simulation

JOBS: Final = ("list", "schedule", "failed", "retry")

Command = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        settings = Settings.load()
    except NotConfigured as error:
        _complain("The server is not configured:", *error.problems)
        return NOT_CONFIGURED
    logs.set_up(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            command: Command = arguments.command
            return runner.run(command(settings, arguments))
    except KeyboardInterrupt:
        return 0
    except (
        serve.PortTaken,
        CannotStart,
        MigrationError,
        new_domain.NotPossible,
        DomainError,
        Away,
        Refused,
    ) as error:
        _complain(str(error))
    except (Unavailable, OSError, asyncpg.PostgresError) as error:
        _complain(f"Postgres or Redis: {error}")
    return FAILED


async def _run(settings: Settings, _: argparse.Namespace) -> int:
    await serve.run(settings)
    return 0


async def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    applied = await tasks.bring_up_to_date(settings)
    say(f"applied: {', '.join(applied)}" if applied else "up to date")
    return 0


async def _seed(settings: Settings, _: argparse.Namespace) -> int:
    written = await tasks.seed(settings)
    say(f"the demo is there: {written.records} records written now, {written.events} events")
    return 0


async def _openapi(_: Settings, __: argparse.Namespace) -> int:
    say(catalogue.document(catalogue.described()).decode())
    return 0


async def _asyncapi(_: Settings, __: argparse.Namespace) -> int:
    say(catalogue.socket_document(catalogue.described()).decode())
    return 0


async def _docs(_: Settings, __: argparse.Namespace) -> int:
    changed = domain_pages.write()
    say(f"written: {', '.join(changed)}" if changed else "up to date")
    return 0


async def _new_domain(_: Settings, arguments: argparse.Namespace) -> int:
    plan = new_domain.Plan.of(
        arguments.name,
        name=arguments.singular,
        prefix=arguments.prefix,
        summary=arguments.summary,
        fields=arguments.fields,
        states=arguments.states,
    )
    for path in new_domain.make(plan):
        say(path)
    say("Then ./run docs, ./run check and ./run test")
    return 0


async def _settings(_: Settings, __: argparse.Namespace) -> int:
    say(table())
    return 0


async def _verify(settings: Settings, arguments: argparse.Namespace) -> int:
    broken, checked = 0, 0
    async for team, bad in tasks.verify(settings, arguments.team):
        checked += 1
        broken += bad is not None
        say(f"{team}: " + ("the chain holds" if bad is None else f"event {bad} was altered"))
    if not checked:
        _complain("There is no such team")
    return FAILED if broken or not checked else 0


async def _token(settings: Settings, arguments: argparse.Namespace) -> int:
    say(await tasks.token(settings, arguments.email))
    return 0


async def _user(settings: Settings, arguments: argparse.Namespace) -> int:
    if not await tasks.change_user(settings, arguments.what, arguments.email):
        _complain(f"There is no account with the address {arguments.email}")
        return FAILED
    say(f"{arguments.email}: {tasks.CHANGES[arguments.what].told}")
    return 0


async def _work(settings: Settings, _: argparse.Namespace) -> int:
    await tasks.work(settings)
    return 0


async def _jobs(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.what == "retry":
        if arguments.id is None:
            _complain("Which one? `jobs failed` lists them with their ids")
            return NOT_CONFIGURED
        name = await tasks.retry(settings, arguments.id)
        if name is None:
            _complain(f"No failed job has the id {arguments.id}")
            return FAILED
        say(f"{name} {arguments.id}: it is tried again")
    elif arguments.what == "schedule":
        for planned in await tasks.scheduled(settings):
            last = f"last {_utc(planned.last_at)}" if planned.last_at else "not yet run"
            say(f"{planned.name:<28} {planned.cron:<14} next {_utc(planned.next_at)}  {last}")
    else:
        statuses = ("failed",) if arguments.what == "failed" else ("queued", "picked", "failed")
        for job in await tasks.queued(settings, *statuses):
            status = {"queued": "waits", "picked": "runs"}.get(job.status, job.status)
            line = f"{job.id:>8}  {status:<6}  {job.name:<28} {_utc(job.at)}  {job.payload}"
            say(f"{line}  {job.reason}" if job.reason else line)
    return 0


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


async def _simulate(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        plan = Plan(
            url=arguments.url or f"http://{settings.host}:{settings.port}",
            password=Secrets.of(settings).demo_password,
            **{name: value for name in CHOICES if (value := getattr(arguments, name)) is not None},
        )
    except ValueError as error:
        _complain(str(error))
        return NOT_CONFIGURED
    await simulate(plan, say)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server", description="Homeroom: a team's live data server."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    def add(name: str, command: Command, sentence: str, *aliases: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=sentence, description=sentence, aliases=aliases)
        found.set_defaults(command=command)
        return found

    add("run", _run, "Serve; in development also start what is needed and seed the demo.")
    add("work", _work, "Do the background jobs.", "worker")
    add("migrate", _migrate, "Bring the database to the newest schema.")
    add("seed", _seed, "Write the demo teams, where they are not there yet.")
    add("openapi", _openapi, "Print the OpenAPI document.")
    add("asyncapi", _asyncapi, "Print the AsyncAPI document of the socket.")
    add("docs", _docs, "Write the parts of docs/domains that follow from the definitions.")
    domain = add("new-domain", _new_domain, "Write the files of a new domain.")
    domain.add_argument("name", help="its plural, as in offers")
    domain.add_argument(
        "--fields",
        nargs="+",
        default=(),
        metavar="NAME:KIND",
        help=f"kinds: {', '.join(new_domain.KINDS)}; KIND? may be empty",
    )
    domain.add_argument(
        "--states",
        nargs="+",
        default=(),
        metavar="STATE",
        help="the first is where it begins; STATE! asks for a reason",
    )
    domain.add_argument("--singular", help="offers have the singular offer")
    domain.add_argument("--prefix", help="of display ids, as in OFR-2026-0001")
    domain.add_argument("--summary", help="a few words, without a full stop")
    add("settings", _settings, "Print every setting, as Markdown.")
    add("token", _token, "Print an access token of somebody of the demo team.").add_argument(
        "email", nargs="?", default="lead@demo.example"
    )
    user = add(
        "user",
        _user,
        "Cut somebody off everywhere, let them in again, or let them act in every team.",
    )
    user.add_argument("what", choices=list(tasks.CHANGES))
    user.add_argument("email", type=str.strip)
    jobs = add("jobs", _jobs, "Show the background jobs, or try a failed one again.")
    jobs.add_argument("what", nargs="?", default="list", choices=JOBS)
    jobs.add_argument("id", nargs="?", type=int, help="of the job to retry")
    living = add("simulate", _simulate, "Let agents work on the demo team of a running server.")
    living.add_argument("--url", help="where it runs; HOST and PORT if absent")
    living.add_argument("--pace", type=float, help="mean seconds between acts")
    living.add_argument("--minutes", type=float, help="how long")
    living.add_argument("--agents", type=int, help="how many")
    living.add_argument("--seed", type=int, help="the same choices again")
    audit = add("audit", _verify, "Walk the hash chain of the log; exit 1 where it is broken.")
    audit.add_argument("what", choices=["verify"])
    audit.add_argument("--team", type=UUID, help="only this team, by its id")
    return parser


def _complain(*lines: str) -> None:
    sys.stderr.write("\n  ".join(lines) + "\n")
