"""People and groups over SCIM. Translates HTTP only: `accounts.services` holds the verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from scim2_models import (
    Context,
    ListResponse,
    NotImplementedException,
    PatchOp,
    Resource,
    ResponseParameters,
    ScimPolicy,
    SearchRequest,
)
from scim2_models.path.expressions import CompareOperator, Comparison

from accounts.actors import actor_of
from accounts.models import ProvisionedGroup, ProvisionedPerson
from accounts.refusals import Refusal
from accounts.services import provisioned_groups, provisioning
from media_analysis.partners.scim import shapes
from media_analysis.partners.scim.answering import ScimView, body_of
from media_analysis.partners.scim.discovery import LARGEST_PAGE

TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
"""Identity providers send attributes that nobody here keeps."""
USUAL_PAGE = 100


class Resources(ScimView):
    model: ClassVar[Any]
    verbs: ClassVar[Any]
    """The module of `accounts.services` with add, change and remove."""
    columns: ClassVar[dict[str, str]]
    """Attributes that a filter finds by a column, and the lookup."""

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def shaped(self, row: Any) -> Resource[Any]:
        raise NotImplementedError

    def to_service(self, resource: Any, before: Any = None) -> Any:
        """What the verbs take; `before` is the row that it changes."""
        raise NotImplementedError

    def respond(self, row: Any, context: Context, status: int = 200) -> Response:
        resource = self.shaped(row)
        body = resource.model_dump(scim_ctx=context, response_parameters=self._wanted())
        headers = {"Location": str(resource.meta.location)} if resource.meta else {}
        return Response(body, status, headers=headers)

    def _wanted(self) -> Any:
        names = ("attributes", "excludedAttributes")
        values = {name: self.request.query_params[name] for name in names
                 if name in self.request.query_params}  # fmt: skip
        of: Any = ResponseParameters
        return of[self.model].model_validate(values)

    def one(self, pk: UUID) -> Any:
        return get_object_or_404(self.rows(), pk=pk)

    def read(self, context: Context) -> Any:
        return self.model.model_validate(
            body_of(self.request), scim_ctx=context, scim_policy=TOLERANT
        )

    def patched(self, resource: Any) -> Any:
        """The resource as the request leaves it."""
        of: Any = PatchOp
        operations = of[self.model].model_validate(
            body_of(self.request), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=TOLERANT
        )
        operations.patch(resource, scim_policy=TOLERANT)
        return resource

    def replaced(self, resource: Any) -> Any:
        wanted = self.read(Context.RESOURCE_REPLACEMENT_REQUEST)
        wanted.replace(resource)
        return wanted

    def listed(self, query: dict[str, Any]) -> Response:
        """As the address asks, or the body of a search."""
        if any("\x00" in str(value) for value in query.values()):
            raise Refusal("provisioned_text")
        request, answers = cast("Any", SearchRequest), cast("Any", ListResponse)
        search = request[self.model].model_validate(query, scim_policy=TOLERANT)
        rows, exact = self._narrowed(search.filter)
        count = min(USUAL_PAGE if search.count is None else search.count, LARGEST_PAGE)
        start = min(search.start_index_0, 2**31)
        if search.sort_by is None and (search.filter is None or exact):
            total = rows.count()
            page = [self.shaped(row) for row in rows[start : start + count]]
        else:
            found = map(self.shaped, rows)
            kept = [one for one in found if search.filter is None or search.filter.match(one)]
            total = len(kept)
            page = search.sort(kept)[start : start + count]
        answer = answers[self.model](
            total_results=total, start_index=start + 1, items_per_page=len(page), resources=page
        )
        context = Context.RESOURCE_QUERY_RESPONSE
        body = answer.model_dump(scim_ctx=context, response_parameters=search)
        return Response(body)

    def _narrowed(self, condition: Any) -> tuple[QuerySet[Any], bool]:
        """`userName eq "…"` is what every provider asks, and the database answers it. Whether it
        did; everything else is compared row by row."""
        node = getattr(condition, "ast", None)
        if isinstance(node, Comparison) and node.op is CompareOperator.eq:
            lookup = self.columns.get(str(node.attr_path).lower())
            if lookup and isinstance(node.value, str):
                return self.rows().filter(**{lookup: node.value}), True
        return self.rows(), False


class Many(Resources):
    def get(self, request: Request) -> Response:
        return self.listed(request.query_params.dict())

    def post(self, request: Request) -> Response:
        values = self.to_service(self.read(Context.RESOURCE_CREATION_REQUEST))
        made = self.verbs.add(actor_of(request), self.team, values)
        return self.respond(self.one(made.pk), Context.RESOURCE_CREATION_RESPONSE, 201)


class Searched(Resources):
    def post(self, request: Request) -> Response:
        return self.listed(body_of(request))


class One(Resources):
    def get(self, request: Request, pk: UUID) -> Response:
        return self.respond(self.one(pk), Context.RESOURCE_QUERY_RESPONSE)

    def put(self, request: Request, pk: UUID) -> Response:
        self._changed(pk, self.replaced)
        return self.respond(self.one(pk), Context.RESOURCE_REPLACEMENT_RESPONSE)

    def patch(self, request: Request, pk: UUID) -> Response:
        self._changed(pk, self.patched)
        return self.respond(self.one(pk), Context.RESOURCE_PATCH_RESPONSE)

    def delete(self, request: Request, pk: UUID) -> Response:
        self.verbs.remove(actor_of(request), self.one(pk))
        return Response(status=204)

    def _changed(self, pk: UUID, how: Callable[[Any], Any]) -> None:
        def alter(row: Any) -> Any:
            return self.to_service(how(self.shaped(row)), row)

        self.verbs.change(actor_of(self.request), self.one(pk), alter)


class UserResources(Resources):
    model: ClassVar[Any] = shapes.User
    verbs: ClassVar[Any] = provisioning
    columns = {"username": "user_name__iexact", "externalid": "external_id"}

    def rows(self) -> QuerySet[ProvisionedPerson]:
        known = ProvisionedPerson.objects.filter(team=self.team, removed_at=None)
        return known.select_related("user").prefetch_related("groups")

    def shaped(self, row: ProvisionedPerson) -> shapes.User:
        return shapes.user_of(row, self.root)

    def to_service(
        self, resource: shapes.User, before: ProvisionedPerson | None = None
    ) -> provisioning.PersonData:
        return shapes.person_data(resource, was_active=before is None or before.is_active)


class GroupResources(Resources):
    model: ClassVar[Any] = shapes.Group
    verbs: ClassVar[Any] = provisioned_groups
    columns = {"displayname": "name__iexact", "externalid": "external_id"}

    def rows(self) -> QuerySet[ProvisionedGroup]:
        return ProvisionedGroup.objects.filter(team=self.team).prefetch_related("members")

    def shaped(self, row: ProvisionedGroup) -> shapes.Group:
        return shapes.group_of(row, self.root)

    def to_service(
        self, resource: shapes.Group, before: ProvisionedGroup | None = None
    ) -> provisioned_groups.GroupData:
        return shapes.group_data(resource)


class Users(UserResources, Many):
    pass


class UserSearch(UserResources, Searched):
    pass


class User(UserResources, One):
    pass


class Groups(GroupResources, Many):
    pass


class GroupSearch(GroupResources, Searched):
    pass


class Group(GroupResources, One):
    pass


class Search(ScimView):
    """A search over people and groups."""

    def post(self, request: Request) -> Response:
        raise NotImplementedException(detail="Search Users or Groups.")


class Root(ScimView):
    """Every other address under the interface."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
