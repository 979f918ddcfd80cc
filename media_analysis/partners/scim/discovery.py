"""The server's description of itself: `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    ForbiddenException,
    ListResponse,
    Pagination,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)
from scim2_models import Meta as ScimMeta

from media_analysis.partners.scim.answering import ScimView
from media_analysis.partners.scim.shapes import Group, User, schemas

LARGEST_PAGE = 200


def config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=LARGEST_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=False),
        pagination=Pagination(cursor=False, index=True, max_page_size=LARGEST_PAGE),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="SCIM key",
                description="A key that an admin of the team makes on the team's page Sign-in.",
                primary=True,
            )
        ],
    )


class Config(ScimView):
    def get(self, request: Request) -> Response:
        return Response(_dumped(config(), "ServiceProviderConfig", self.root, by_id=False))


class ResourceTypes(ScimView):
    def get(self, request: Request, key: str = "") -> Response:
        kinds = (ResourceType.from_resource(User), ResourceType.from_resource(Group))
        known = {kind.name: kind for kind in kinds}
        return _one_or_all(self, key, known, "ResourceType", ListResponse[ResourceType])


class Schemas(ScimView):
    def get(self, request: Request, key: str = "") -> Response:
        return _one_or_all(self, key, schemas(), "Schema", ListResponse[Schema])


def _one_or_all(view: ScimView, key: str, known: dict[Any, Any], kind: str, many: Any) -> Response:
    if "filter" in view.request.query_params:
        raise ForbiddenException(detail="Discovery takes no filter.")  # RFC 7644, section 4
    if key:
        if key not in known:
            raise Http404
        return Response(_dumped(known[key], kind, view.root))
    for one in known.values():
        _with_meta(one, kind, view.root)
    found = list(known.values())
    page = many(total_results=len(found), items_per_page=len(found), start_index=1, resources=found)
    return Response(page.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _dumped(one: Resource[Any], kind: str, root: str, *, by_id: bool = True) -> Any:
    _with_meta(one, kind, root, by_id=by_id)
    return one.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def _with_meta(one: Resource[Any], kind: str, root: str, *, by_id: bool = True) -> None:
    place = f"{root}{kind}s/{one.id}" if by_id else f"{root}{kind}"
    one.meta = ScimMeta(resource_type=kind, location=place)
