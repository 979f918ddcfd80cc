from django.utils.translation import gettext_lazy as _

from accounts.navigation import NavItem, in_some_team, register
from accounts.roles import Permission

register(
    NavItem(
        _("Dashboard"),
        "dashboard",
        "dashboard:overview",
        in_some_team(Permission.VIEW_DASHBOARD),
        40,
    )
)
