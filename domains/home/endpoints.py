"""What the cards offer to the outside."""

from collections.abc import Callable

from domains.home.figures import Figures
from domains.home.home import home
from domains.home.manager import manager
from domains.home.models import CardQuery, Home, ManagerCard, ManagerQuery
from domains.kit.endpoint import Call, Endpoint, Method, Reply, Run
from domains.kit.services import Services
from domains.kit.view import Live


def endpoints(services: Services) -> list[Endpoint]:
    def card(figures: Callable[[Call], Figures]) -> tuple[Run, Callable[[Call], Live]]:
        async def run(call: Call) -> Reply:
            return await figures(call).reply(services.db)

        def live(call: Call) -> Live:
            return figures(call).live(services.db)

        return run, live

    run_home, live_home = card(lambda call: home(call.who, call.params, services.resources))
    run_manager, live_manager = card(lambda call: manager(call.who, call.params))
    return [
        Endpoint(
            name="stats:home",
            method=Method.GET,
            path="/stats/home",
            run=run_home,
            returns=Home,
            summary="A few figures of everything",
            params=CardQuery,
            tag="home",
            live=live_home,
        ),
        Endpoint(
            name="escrows:manager",
            method=Method.GET,
            path="/escrows/manager",
            run=run_manager,
            returns=ManagerCard,
            summary="What is under way, what is due, and who keeps the dates",
            params=ManagerQuery,
            tag="home",
            live=live_manager,
        ),
    ]
