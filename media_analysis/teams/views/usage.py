"""The monthly usage of a team, its partners and their keys, with their quotas."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from accounts.guards import signed_in
from accounts.models import ApiKey, ServiceAccount
from accounts.roles import Permission
from media_analysis.submissions.search import usage as used
from media_analysis.teams.pages import entered, page


@signed_in
@require_GET
def usage(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_MEMBERS)
    mine = ServiceAccount.objects.for_actor(actor, Permission.MANAGE_MEMBERS).of_partners()
    partners = mine.filter(team=team, is_active=True)
    keys = ApiKey.objects.for_actor(actor, Permission.MANAGE_MEMBERS).working()
    keys = keys.filter(service__in=partners).select_related("service", "counts_with")
    context = {
        "now": used.this_month(team, partners, keys),
        "starts": used.next_month(),
        "earlier": used.earlier_months(team),
        "may_set": actor.is_site_admin,
    }
    return page(request, team, "teams/usage.html", context)
