"""Files between WeCom and our shelf: each fetched or handed over once, and what it came to in words."""

import logging

from console import media_files, media_shelf, media_uploads
from console.crypto import CannotOpen
from console.delivery_attempts import Outcome, Verdict
from console.errors import Invalid
from console.media_fetching import Claim, Trouble
from console.media_files import Stored
from console.media_uploads import Upload
from console.verdicts import PAUSES, outcome_of
from console.wecom import media
from console.wecom.client import WeComClient
from console.wecom.messages import MediaKind
from console.wecom.refusals import FileTooLarge, RefusalKind, WeComRefused, WeComUnreachable

log = logging.getLogger(__name__)

EXPIRED = 40007
TOO_LATE = '素材已过期（超过 3 天），企业微信不再提供。请家长重新发送。'
NO_ROOM = '服务器无法保存文件，可能磁盘已满。系统会稍后重试，请联系管理员。'


def fetch(client: WeComClient, claim: Claim) -> Stored | Trouble:
    """Blocks; never raises for what WeCom answers or the disk refuses."""
    try:
        file = media.download(client, claim.media_id)
        return media_files.store(file.content, file.name, claim.kind)
    except (FileTooLarge, Invalid) as refusal:
        return Trouble(text=str(refusal), for_good=True)
    except WeComRefused as refused:
        if refused.errcode == EXPIRED:
            return Trouble(text=TOO_LATE, for_good=True)
        passing = refused.kind in PAUSES or refused.kind in (RefusalKind.RETRY, RefusalKind.TOKEN)
        return Trouble(text=str(refused), for_good=not passing, pause=PAUSES.get(refused.kind))
    except WeComUnreachable as silence:
        return Trouble(text=str(silence), for_good=False)
    except OSError:
        log.exception('media file %d could not be written', claim.media_file_id)
        return Trouble(text=NO_ROOM, for_good=False)


def upload(client: WeComClient, given: Upload) -> str | Outcome:
    """WeCom's name of the file, or why there is none. Nothing was sent then, and nobody saw it. Blocks."""
    kind: MediaKind = 'image' if given.kind == 'image' else 'video' if given.kind == 'video' else 'file'
    try:
        content = media_shelf.get(given.path)
        media.check(kind, len(content), given.mime)
        return media.upload(client, kind, given.name, content)
    except (OSError, CannotOpen):
        log.exception('media file %d cannot be read', given.media_file_id)
        return Outcome(verdict=Verdict.REFUSED, text=media_uploads.GONE)
    except Invalid as refusal:
        return Outcome(verdict=Verdict.REFUSED, text=str(refusal))
    except WeComUnreachable as silence:
        return Outcome(verdict=Verdict.RETRY, text=str(silence))
    except WeComRefused as refused:
        return outcome_of(refused)
