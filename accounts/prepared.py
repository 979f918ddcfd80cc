"""Frequent queries, prepared once.

Django generates the SQL of a query each time. For a small answer that costs several times as much
as the database's part. `Prepared` generates it once for each shape of the question, with
placeholders for the values, and then only replaces these.

    decisions = Prepared(lambda actor, case: Decision.objects.filter(case=case).values("outcome"))
    decisions(None, case=case.pk)

Whatever changes the SQL other than its values is the shape: `decisions(actor, permission, order)`
passes `permission` and `order` to the function unchanged, and whether the actor reads only its own
submissions is part of the shape too. The teams of the actor's querysets are replaced like the other
values. A value is anything but None and is never compared with a constant. A list is compared with
`any_of`, because the SQL of `IN` depends on its length.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Field, Func, QuerySet, Value
from django.db.models.query import (
    FlatValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)

from accounts.actors import Actor
from accounts.models import ServiceAccount, User
from accounts.roles import Permission, Role
from audit.who import NOBODY

MOST_TEAMS = 8
"""Actors with more teams get an ordinary Django query."""
MOST_SHAPES = 64


def any_of(column: str, values: Sequence[Any], kind: type[Field[Any, Any]]) -> Func:
    """`IN`, with all of them as one value."""
    listed = Value(values, ArrayField(kind()))
    return Func(
        F(column), listed, arg_joiner=" = ANY(", template="(%(expressions)s))",
        output_field=BooleanField(),
    )  # fmt: skip


@dataclass(frozen=True)
class _StandIn(Actor):
    """A placeholder for actors of the same shape. It contains nothing of the first caller. A query
    that uses more of it than its teams, user or service account is not shared."""

    stand_ins: tuple[UUID, ...] = ()
    is_narrow: bool = False

    def team_ids(self, permission: Permission) -> list[UUID]:
        return list(self.stand_ins)

    @property
    def reads_own_only(self) -> bool:
        return self.is_narrow

    def can(self, permission: Permission, team_id: UUID) -> bool:
        raise TypeError("a statement for all actors cannot depend on what one of them may do")

    def role_in(self, team_id: UUID) -> Role | None:
        raise TypeError("a statement for all actors cannot depend on one's role")

    @property
    def is_test(self) -> bool:
        raise TypeError("a statement for all actors cannot depend on one's kind of key")


@dataclass(frozen=True)
class _Statement:
    sql: str
    fixed: tuple[Any, ...]
    exchanged: tuple[tuple[int, str], ...]
    """Which of `fixed` is exchanged for which value."""
    converters: tuple[tuple[int, Any, Any], ...]
    made: Callable[[Sequence[Any]], Any]

    def rows(self, values: dict[str, Any]) -> list[Any]:
        params = list(self.fixed)
        for place, name in self.exchanged:
            params[place] = values[name]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = cursor.fetchall()
        if not self.converters:
            return [self.made(row) for row in found]
        return [self.made(self._converted(row)) for row in found]

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        out = list(row)
        for place, converters, expression in self.converters:
            for convert in converters:
                out[place] = convert(out[place], expression, connection)
        return out


class Prepared:
    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        """`build` gets the actor, the shape, and each value by its name."""
        self.build = build
        self._kept: dict[Hashable, _Statement | None] = {}

    def __call__(self, actor: Actor | None, *shape: Any, **values: Any) -> list[Any]:
        """Rows as the queryset would give them. With an actor, a shape begins with the permission
        that the queryset asks for."""
        parameters = dict(values)
        teams: list[UUID] = []
        if actor is not None:
            teams = actor.team_ids(shape[0])
            if len(teams) > MOST_TEAMS:
                return list(self.build(actor, *shape, **values))
            parameters |= {f"team {n}": team for n, team in enumerate(teams)}
            parameters["user"] = actor.user.pk if actor.user else None
            parameters["service"] = actor.service.pk if actor.service else None
        if any(value == [] for value in values.values()):
            return list(self.build(actor, *shape, **values))  # of what kind, nobody knows
        kinds = tuple((name, type(value)) for name, value in parameters.items())
        key = (shape, kinds, actor is not None and actor.reads_own_only)
        if key not in self._kept:
            if len(self._kept) >= MOST_SHAPES:
                return list(self.build(actor, *shape, **values))
            self._kept[key] = self._put_together(actor, shape, values, len(teams))
        statement = self._kept[key]
        return [] if statement is None else statement.rows(parameters)

    def _put_together(
        self, actor: Actor | None, shape: tuple[Any, ...], values: dict[str, Any], teams: int
    ) -> _Statement | None:
        """None where the question itself rules out every row."""
        stand_ins = {name: _stands_for(value) for name, value in values.items()}
        also: dict[str, Any] = {}
        if actor is not None:
            also = {f"team {n}": uuid4() for n in range(teams)}
            user = User(pk=uuid4()) if actor.user else None
            service = ServiceAccount(pk=uuid4()) if actor.service else None
            also |= {"user": user.pk} if user else {}
            also |= {"service": service.pk} if service else {}
            teams_of = tuple(also[f"team {n}"] for n in range(teams))
            narrow = actor.reads_own_only
            actor = _StandIn(NOBODY, user, service, stand_ins=teams_of, is_narrow=narrow)
        queryset = self.build(actor, *shape, **stand_ins)
        compiler = queryset.query.get_compiler(connection=connection)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return None
        exchanged = [
            (place, name)
            for place, param in enumerate(params)
            for name, stand_in in (stand_ins | also).items()
            if type(param) is type(stand_in) and param == stand_in
        ]
        if missing := stand_ins.keys() - {name for _, name in exchanged}:
            raise ValueError(f"the query does not ask for {', '.join(sorted(missing))}")
        columns = [select[0] for select in compiler.select]
        converters = compiler.get_converters(columns)
        return _Statement(
            sql, tuple(params), tuple(exchanged),
            tuple((place, *how) for place, how in converters.items()),
            _maker(queryset, compiler),
        )  # fmt: skip


def _stands_for(value: Any) -> Any:
    """Something of the same type that stands nowhere else in the query."""
    if isinstance(value, list):
        return [_stands_for(value[0])] if value else [secrets.randbelow(2**31)]
    if isinstance(value, UUID):
        return uuid4()
    if isinstance(value, datetime):
        return datetime.now(UTC) - timedelta(microseconds=secrets.randbelow(10**15))
    if isinstance(value, int):
        return secrets.randbelow(2**31)
    if isinstance(value, str):
        return secrets.token_hex(32)
    raise TypeError(f"no query asks often for {type(value).__name__}")


def _maker(queryset: QuerySet[Any], compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """What one row of the database becomes."""
    kind: Any = queryset._iterable_class
    if kind is ValuesIterable:
        query = queryset.query
        names = list(query.selected or (*query.values_select, *query.annotation_select))
        return lambda row: dict(zip(names, row, strict=True))
    if kind is FlatValuesListIterable:
        return lambda row: row[0]
    if kind is ValuesListIterable:
        return tuple
    return _instances(compiler)


def _instances(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Models, with those that `select_related` names."""
    its = compiler.klass_info["select_fields"]
    first, end = its[0], its[-1] + 1
    names = [select[0].target.attname for select in compiler.select[first:end]]
    populators: Any = get_related_populators  # django-stubs knows a later Django's
    related = populators(compiler.klass_info, compiler.select, "default")
    annotated = compiler.annotation_col_map or {}
    model = compiler.klass_info["model"]

    def made(row: Sequence[Any]) -> Any:
        instance = model.from_db("default", names, row[first:end])
        for one in related:
            one.populate(row, instance)
        for name, place in annotated.items():
            setattr(instance, name, row[place])
        return instance

    return made
