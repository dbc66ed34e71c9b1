"""素材: pictures, videos and files of the school, kept to be sent again and again."""

from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from console import audit, group_names, media_files, media_uploads, signals, staff
from console.errors import Conflict, Invalid, NotFound
from console.media_files import Shown, Stored
from console.media_uploads import Upload
from models import Material, MediaFile

LONGEST_NAME = 40
MOST = 500
MOST_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class Shelved:
    """A material as staff see it, with its file."""

    id: int
    name: str
    group: str
    active: bool
    uses: int
    file: Shown


def find(session: Session, words: str, *, by: int, limit: int = 20) -> list[Shelved]:
    """Those in use whose name or group holds all of `words`, the most used first. Raises `NotAllowed`."""
    staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    conditions = [
        or_(*(column.icontains(word, autoescape=True) for column in (Material.name, Material.group_name)))
        for word in words.split()[:MOST_WORDS]
    ]
    rows = session.execute(
        select(Material, MediaFile)
        .join(MediaFile, MediaFile.id == Material.media_file_id)
        .where(Material.active.is_(True), *conditions)
        .order_by(Material.uses.desc(), Material.id)
        .limit(limit)
    )
    return [_shelved(material, media) for material, media in rows]


def everything(session: Session, *, by: int) -> list[Shelved]:
    """By group and name; what was put aside only for who may take it up again. Raises `NotAllowed`."""
    member = staff.require(session, by, staff.Action.SEE_KNOWLEDGE)
    query = (
        select(Material, MediaFile)
        .join(MediaFile, MediaFile.id == Material.media_file_id)
        .order_by(Material.active.desc(), Material.group_name, Material.name, Material.id)
    )
    if not staff.may(member.role, staff.Action.EDIT_KNOWLEDGE):
        query = query.where(Material.active.is_(True))
    return [_shelved(material, media) for material, media in session.execute(query)]


def add(session: Session, stored: Stored, kind: str, *, name: str = '', group: str = '', by: int | None) -> Material:
    """Keep a file whose bytes lie on the shelf; without a name it goes by the file's. `by` None: the program itself.

    Raises `NotAllowed`, `Invalid`, `Conflict` for a file that is here already.
    """
    if by is not None:
        staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    known = session.scalar(
        select(Material.name)
        .join(MediaFile, MediaFile.id == Material.media_file_id)
        .where(MediaFile.sha256 == stored.sha256)
        .limit(1)
    )
    if known is not None:
        raise Conflict(f'这份文件已在素材里，名称是“{known}”。', 'known')
    if len(session.scalars(select(Material.id).limit(MOST)).all()) >= MOST:
        raise Invalid('file', f'素材最多 {MOST} 份，请先整理。')
    media = MediaFile(corp_id='', kind=kind)
    media_files.keep(media, stored)
    session.add(media)
    session.flush()
    stem = stored.name.rpartition('.')[0] or stored.name
    material = Material(
        name=_checked_name(name.strip() or stem[:LONGEST_NAME]),
        group_name=group_names.checked(group),
        media_file_id=media.id,
        added_by_id=by,
    )
    session.add(material)
    session.flush()
    return _noted(session, material, 'create', by=by)


def rename(session: Session, material_id: int, *, name: str, group: str, by: int) -> None:
    """Raises `NotAllowed`, `NotFound`, `Invalid`."""
    material = _locked(session, material_id, by=by)
    material.name, material.group_name = _checked_name(name), group_names.checked(group)
    _noted(session, material, 'change', by=by)


def put_aside(session: Session, material_id: int, *, by: int) -> None:
    """It is found no more; `take_up` undoes it. Raises `NotAllowed`, `NotFound`."""
    material = _locked(session, material_id, by=by)
    material.active = False
    _noted(session, material, 'put_aside', by=by)


def take_up(session: Session, material_id: int, *, by: int) -> None:
    """Raises `NotAllowed`, `NotFound`."""
    material = _locked(session, material_id, by=by)
    material.active = True
    _noted(session, material, 'take_up', by=by)


def to_send(session: Session, material_id: int, *, corp_id: str) -> tuple[MediaFile, Upload | None]:
    """The file of one in use, and what this company's WeCom must be given first. Who may is for the caller to ask.

    Raises `NotFound`, `Invalid` if the bytes are gone.
    """
    media = session.scalar(
        select(MediaFile)
        .join(Material, Material.media_file_id == MediaFile.id)
        .where(Material.id == material_id, Material.active.is_(True))
        .with_for_update(of=MediaFile)
    )
    if media is None:
        raise NotFound('这份素材')
    if media.corp_id != corp_id:  # what another company's WeCom calls it means nothing here
        media.corp_id, media.uploaded_id, media.uploaded_until = corp_id, None, None
        session.flush()
    return media, media_uploads.to_upload(session, media.id)


def copy_for_message(session: Session, material_id: int) -> MediaFile:
    """A row of its own for a message that carries this material: the bytes lie there once. Raises `NotFound`."""
    media = session.scalar(
        select(MediaFile).join(Material, Material.media_file_id == MediaFile.id).where(Material.id == material_id)
    )
    if media is None:
        raise NotFound('这份素材')
    copied = MediaFile(
        corp_id=media.corp_id,
        kind=media.kind,
        status=media.status,
        name=media.name,
        mime=media.mime,
        size=media.size,
        sha256=media.sha256,
        path=media.path,
    )
    session.add(copied)
    session.flush()
    session.execute(update(Material).where(Material.id == material_id).values(uses=Material.uses + 1))
    return copied


def _shelved(material: Material, media: MediaFile) -> Shelved:
    return Shelved(
        id=material.id,
        name=material.name,
        group=material.group_name or '',
        active=material.active,
        uses=material.uses,
        file=media_files.shown(media),
    )


def _locked(session: Session, material_id: int, *, by: int) -> Material:
    staff.require(session, by, staff.Action.EDIT_KNOWLEDGE)
    material = session.get(Material, material_id, with_for_update=True)
    if material is None:
        raise NotFound('这份素材')
    return material


def _noted(session: Session, material: Material, action: str, *, by: int | None) -> Material:
    audit.record(session, action, 'material', material.id, by=by, name=material.name)
    signals.announce(session, signals.materials_changed, material.id)
    return material


def _checked_name(name: str) -> str:
    name = ' '.join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid('name', f'名称须为 1–{LONGEST_NAME} 字。')
    return name
