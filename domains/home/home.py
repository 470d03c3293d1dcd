"""The home card: a few figures of every kind of record, from its own statistics."""

from collections.abc import Sequence

from domains.home.figures import Figures
from domains.home.models import CardQuery
from domains.kit.actor import Actor
from domains.kit.resource import Resource


def home(actor: Actor, query: CardQuery, resources: Sequence[Resource]) -> Figures:
    """What each resource has under `home`, and the rates of all."""
    figures = Figures(actor.team_id, query.wide(actor))
    rates: dict[str, str] = {}
    for resource in resources:
        if not resource.home and not resource.kpis:
            continue
        where = figures.rows(resource, actor, query.scope, query.user_id)
        wanted = {*resource.home.values(), *resource.kpis.values()}
        counts = ", ".join(
            f'{_shown(resource, actor, stat)} AS "{stat}"' for stat in sorted(wanted)
        )
        of = f"of_{resource.plural}"
        figures.once(of, f"SELECT {counts} FROM {resource.table} AS r WHERE {where}")
        pairs = ", ".join(f"'{name}', x.\"{stat}\"" for name, stat in resource.home.items())
        if pairs:
            figures.add(resource.plural, f"(SELECT json_build_object({pairs}) FROM {of} AS x)")
        for name, stat in resource.kpis.items():
            rates[name] = f"'{name}', (SELECT x.\"{stat}\" FROM {of} AS x)"
    figures.add("kpis", f"json_build_object({', '.join(rates.values())})")
    return figures


def _shown(resource: Resource, actor: Actor, stat: str) -> str:
    right = resource.guarded_stats.get(stat)
    return resource.stats[stat] if right is None or right in actor.rights else "NULL::numeric"
