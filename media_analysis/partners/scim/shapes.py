"""What SCIM sees of people and groups: fewer attributes than the standard's, all of them kept."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Mutability,
    Reference,
    Required,
    Resource,
    Schema,
    Uniqueness,
)
from scim2_models import Meta as ScimMeta

from accounts.models import ProvisionedGroup, ProvisionedPerson
from accounts.refusals import Refusal
from accounts.services import provisioned_groups, provisioning

TEXT = 150
NAMES = {"formatted": "formatted", "family_name": "familyName", "given_name": "givenName"}


class Name(ComplexAttribute):
    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    value: Annotated[EmailStr | None, Mutability.immutable] = None
    primary: Annotated[bool | None, Mutability.immutable] = None


class GroupMembership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    emails: Annotated[list[Email] | None, Mutability.immutable] = None
    """Read when a person is added. Later, people change their address themselves."""
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None


class GroupMember(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class Group(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    members: list[GroupMember] | None = None


def schemas() -> dict[str, Schema]:
    """As published. Programs that read it send an address and `active`; without them we take the
    user name for the address, and leave `active` as it was."""
    user, group = User.to_schema(), Group.to_schema()
    for attribute in user.attributes or []:
        if attribute.name in ("emails", "active"):
            attribute.required = Required.true
            for part in attribute.sub_attributes or []:
                part.required = Required(part.name == "value")
    return {str(user.id): user, str(group.id): group}


def user_of(person: ProvisionedPerson, root: str) -> User:
    """Whoever reads it has the groups fetched beforehand where there are many."""
    names = {name: person.words[name] for name in NAMES if name in person.words}
    return User(
        id=str(person.pk),
        external_id=person.external_id or None,
        user_name=person.user_name,
        name=Name(**names) if names else None,
        display_name=person.words.get("display_name"),
        active=person.is_active,
        emails=[Email(value=person.user.email, primary=True)],
        groups=[
            GroupMembership(value=str(group.pk), display=group.name)
            for group in person.groups.all()
        ]
        or None,
        meta=_meta("User", person, f"{root}Users/{person.pk}"),
    )


def group_of(group: ProvisionedGroup, root: str) -> Group:
    return Group(
        id=str(group.pk),
        external_id=group.external_id or None,
        display_name=group.name,
        members=[
            GroupMember(value=str(member.pk), ref=Reference(f"{root}Users/{member.pk}"))
            for member in group.members.all()
        ]
        or None,
        meta=_meta("Group", group, f"{root}Groups/{group.pk}"),
    )


def person_data(user: User, *, was_active: bool = True) -> provisioning.PersonData:
    words: dict[str, str] = {}
    for name in NAMES:
        if user.name is not None and (value := getattr(user.name, name)):
            words[name] = _text(value)
    if user.display_name:
        words["display_name"] = _text(user.display_name)
    emails = [one for one in user.emails or [] if one.value]
    chosen = next((one for one in emails if one.primary), emails[0] if emails else None)
    given = " ".join(filter(None, (words.get("given_name"), words.get("family_name"))))
    return provisioning.PersonData(
        user_name=_text(user.user_name or "", 254),
        external_id=_text(user.external_id or "", 254),
        email=str(chosen.value) if chosen else "",
        name=" ".join((words.get("display_name") or words.get("formatted") or given).split()),
        words=words,
        is_active=was_active if user.active is None else user.active,
    )


def group_data(group: Group) -> provisioned_groups.GroupData:
    try:
        members = frozenset(UUID(str(member.value)) for member in group.members or [])
    except ValueError as error:
        raise Refusal("provisioned_member_unknown") from error
    return provisioned_groups.GroupData(
        name=_text(group.display_name or "", 200),
        external_id=_text(group.external_id or "", 200),
        members=members,
    )


def _text(value: str, longest: int = TEXT) -> str:
    if len(value) > longest:
        raise Refusal("provisioned_text")
    return value


def _meta(kind: str, row: Any, address: str) -> ScimMeta:
    return ScimMeta(
        resource_type=kind, created=row.created_at, last_modified=row.updated_at, location=address
    )
