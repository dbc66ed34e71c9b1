"""Filters of a list, kept under a name: one's own, and those that colleagues share."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console import staff, unique_keys
from console.errors import Conflict, Invalid, NotAllowed, NotFound
from models import Role, SavedView

LONGEST_NAME = 20
LONGEST_FILTERS = 2000  # as JSON
MOST = 50


@dataclass(frozen=True, kw_only=True)
class View:
    """A saved view as one reader sees it. `owner` is None for one's own; `changeable`: the reader may delete it."""

    id: int
    name: str
    filters: dict[str, Any]
    shared: bool
    owner: str | None
    changeable: bool


def of(session: Session, page: str, *, by: int) -> list[View]:
    """Views of a page: one's own by name, then those that others share. Raises `NotAllowed`."""
    member = staff.require(session, by)
    names = staff.colleagues(session)
    found = session.scalars(
        select(SavedView)
        .where(SavedView.page == page, or_(SavedView.staff_id == by, SavedView.shared.is_(True)))
        .order_by(SavedView.staff_id != by, SavedView.name, SavedView.id)
    )
    return [
        View(
            id=view.id,
            name=view.name,
            filters=view.filters,
            shared=view.shared,
            owner=None if view.staff_id == by else names.get(view.staff_id),
            changeable=view.staff_id == by or member.role is Role.ADMIN,
        )
        for view in found
    ]


def save(
    session: Session, page: str, name: str, filters: dict[str, Any], *, shared: bool = False, by: int
) -> SavedView:
    """Keep these filters under a name; one's own of that name is replaced.

    `filters` is what the page can put into its address: text, numbers, lists of them. Raises `NotAllowed`, `Invalid`,
    `Conflict` if another window of theirs saves the name now.
    """
    staff.require(session, by)
    name = _checked_name(name)
    if len(json.dumps(filters, ensure_ascii=False)) > LONGEST_FILTERS:
        raise Invalid('filters', '筛选条件太长，请减少一些。')
    own = session.scalars(
        select(SavedView).where(SavedView.staff_id == by, SavedView.page == page).with_for_update()
    ).all()
    view = next((one for one in own if one.name == name), None)
    if view is None:
        if len(own) >= MOST:
            raise Invalid('name', f'最多保存 {MOST} 个视图，请先删除不用的。')
        view = SavedView(staff_id=by, page=page, name=name)
        session.add(view)
    view.filters, view.shared = filters, shared
    unique_keys.flush(session, _just_taken(name))
    return view


def rename(session: Session, view_id: int, name: str, *, by: int) -> SavedView:
    """Raises `NotAllowed`, `NotFound`, `Invalid` with field `name` if it is no name or another of theirs has it.

    `Conflict` if another is given it now.
    """
    view = _changeable(session, view_id, by=by)
    name = _checked_name(name)
    other = select(SavedView.id).where(
        SavedView.staff_id == view.staff_id,
        SavedView.page == view.page,
        SavedView.name == name,
        SavedView.id != view_id,
    )
    if session.scalar(other) is not None:
        raise Invalid('name', f'已有名为“{name}”的视图。')
    view.name = name
    unique_keys.flush(session, _just_taken(name))
    return view


def remove(session: Session, view_id: int, *, by: int) -> None:
    """Raises `NotAllowed` for another's unless one is administrator, `NotFound`."""
    session.delete(_changeable(session, view_id, by=by))


def _changeable(session: Session, view_id: int, *, by: int) -> SavedView:
    member = staff.require(session, by)
    view = session.get(SavedView, view_id, with_for_update=True)
    if view is None or (view.staff_id != by and not view.shared):
        raise NotFound('这个视图')
    if view.staff_id != by and member.role is not Role.ADMIN:
        raise NotAllowed('修改同事的视图')
    return view


def _just_taken(name: str) -> Conflict:
    return Conflict(f'名为“{name}”的视图刚在另一个窗口保存。请刷新后再试。', 'taken', field='name')


def _checked_name(name: str) -> str:
    name = ' '.join(name.split())
    if not name:
        raise Invalid('name', '请给视图起一个名字。')
    if len(name) > LONGEST_NAME:
        raise Invalid('name', f'名字最多 {LONGEST_NAME} 个字。')
    return name
