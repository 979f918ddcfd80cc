from django.utils.translation import gettext_lazy as _

from accounts.navigation import NavItem, in_some_team, register
from accounts.roles import Permission

register(
    NavItem(_("Submit"), "upload", "submissions:submit", in_some_team(Permission.SUBMIT_MEDIA), 10)
)
register(
    NavItem(
        _("History"),
        "history",
        "submissions:history",
        in_some_team(Permission.VIEW_SUBMISSIONS),
        20,
    )
)
