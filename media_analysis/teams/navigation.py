from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.navigation import NavItem, register
from accounts.roles import Permission


def _runs_something(actor: Actor) -> bool:
    """Site administrators make the first team, when there is none to run yet."""
    return actor.is_site_admin or bool(actor.team_ids(Permission.MANAGE_MEMBERS))


register(NavItem(_("Teams"), "user", "teams:index", _runs_something, 50))
