"""Whether there is room to write, and how old the newest backup is."""

import shutil
import time
from pathlib import Path

from console.doctor import places
from console.doctor.case import Case
from console.doctor.finding import Finding, good, not_used, warn

SCARCE = 0.10
"""Share of a disk that should stay free."""
FRESH_HOURS = 26
"""A daily backup is at most this old."""


def disk(case: Case) -> Finding:
    folder = _existing(case.ready.data_dir.resolve())
    usage = shutil.disk_usage(folder)
    free = f'剩余 {usage.free / 2**30:.1f} GB ({usage.free / usage.total:.0%})'
    if usage.free / usage.total < SCARCE:
        return warn(
            f'{folder} 所在的磁盘快满了，{free}；满了就收不进消息',
            where=places.SERVER,
            step='清理磁盘或扩容，旧的备份可以移走',
        )
    return good(free)


def scarce(folder: Path) -> str | None:
    """The words of an alert while the disk runs full, else None."""
    usage = shutil.disk_usage(_existing(folder.resolve()))
    if usage.free / usage.total >= SCARCE:
        return None
    return '服务器磁盘剩余不到 10%，满了就收不进消息。请清理磁盘或扩容。'


def backups(case: Case) -> Finding:
    folder = case.ready.data_dir / 'backups'
    command = f'python run.py backup {folder}/$(date +%F).zip'
    mend = {
        'where': '服务器的定时任务 (cron)',
        'step': '每天运行一次下面的命令，并把备份复制到别的机器；密钥另外保存',
        'values': (('备份命令', command),),
    }
    times = [file.stat().st_mtime for file in folder.glob('*.zip')] if folder.is_dir() else []
    if not times:
        cause = f'{folder} 里没有备份，也没有安排自动备份'
        return warn(cause, **mend) if case.ready.production else not_used(f'{cause}（开发环境）', **mend)
    hours = (time.time() - max(times)) / 3600
    age = f'{hours / 24:.0f} 天' if hours >= 48 else f'{max(hours, 0):.0f} 小时'
    if hours > FRESH_HOURS:
        return warn(f'最近一次备份是 {age}前', **mend)
    return good(f'最近一次备份是 {age}前')


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
