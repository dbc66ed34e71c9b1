"""Whether the settings can be started with, and whether they fit together."""

import re
from urllib.parse import urlsplit

from console.doctor import places
from console.doctor.case import OFFICIAL_API, Case
from console.doctor.finding import Finding, bad, good, warn

TOKEN = re.compile(r'[A-Za-z0-9]{1,32}')
"""What WeCom's page takes as Token (path/90930)."""

RIGHT = {
    'APP_ENV': '填 development (开发) 或 production (生产)',
    'HOST': '填监听的地址，例如 127.0.0.1',
    'PORT': '填 1 到 65535 之间的数字，例如 5000',
    'PUBLIC_BASE_URL': '填完整网址，例如 https://console.example.com，后面不要带路径',
    'DATABASE_URL': '填 SQLite 或 PostgreSQL 的地址，或留空使用 DATA_DIR 里的 SQLite',
    'DATABASE_CONNECTIONS': '填 2 到 64 之间的数字',
    'LOG_LEVEL': '填 DEBUG、INFO、WARNING、ERROR 或 CRITICAL',
    'LOG_FORMAT': '填 text 或 json，或留空',
    'SIMULATION': '填 on 或 off，或留空',
    'WECHAT_CORP_ID': f'从“{places.COMPANY}”复制',
    'WECHAT_AGENT_ID': f'从“{places.APP}”复制，是一串数字',
    'WECHAT_SECRET': f'从“{places.APP}”复制',
    'WECHAT_TOKEN': f'从“{places.CALLBACK}”复制',
    'WECHAT_ENCODING_AES_KEY': f'从“{places.CALLBACK}”复制，正好 43 位字母和数字',
    'ADMIN_PASSWORD': '至少 12 个字符，或建好管理员后清空',
    'CRASH_POINT': '只供测试使用，请删去',
}
SECRETS = ('SECRET_KEY', 'JWT_SECRET_KEY', 'FIELD_ENCRYPTION_KEYS')
COMMAND = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'


def settings(case: Case) -> Finding:
    if case.faults:
        return _faulty(case.faults)
    given = case.ready
    if given.has_wecom and not TOKEN.fullmatch(given.wechat_token.get_secret_value()):
        return bad(
            'WECHAT_TOKEN 含有字母和数字以外的字符，或超过 32 位，企业微信不接受这样的 Token',
            where=places.CALLBACK,
            step='在那里点“随机获取”生成新的 Token，保存前先填到 WECHAT_TOKEN 并重新启动',
        )
    doubts = _doubts(case)
    if doubts:
        return warn(
            '；'.join(cause for cause, _ in doubts), where=places.SETTINGS, step='；'.join(s for _, s in doubts)
        )
    return good('齐全，没有互相矛盾' + ('（生产环境）' if given.production else '（开发环境）'))


def _faulty(faults: tuple[str, ...]) -> Finding:
    causes, steps = [], []
    for fault in faults:
        cause, step = _in_chinese(fault)
        causes.append(cause)
        steps.append(step)
    return bad(
        '；'.join(causes) + '。这样控制台不能启动',
        where=places.SETTINGS,
        step='；'.join(dict.fromkeys(filter(None, steps))) + '。改好后重新启动',
        values=(('生成密钥的命令', COMMAND),) if any(f.startswith(SECRETS) for f in faults) else (),
    )


def _in_chinese(fault: str) -> tuple[str, str]:
    """What is wrong and what is right, for a fault that names its setting."""
    if found := re.search(r'WeCom is configured in part; also set ([A-Z_, ]+), or', fault):
        names = found[1].split(', ')
        return (
            f'企业微信只填了一部分，还缺 {"、".join(names)}',
            '；'.join(f'{name} {RIGHT[name]}' for name in names) + '；或者把 WECHAT_ 开头的五项全部清空，先用沙箱',
        )
    if fault.startswith('.env:'):
        return '.env 文件读不出来', '让运行控制台的用户可以读它，并用 UTF-8 编码保存'
    name = next(iter(re.findall(r'[A-Z]+(?:_[A-Z]+)+|PORT|HOST|SIMULATION', fault)), '')
    if not name:
        return fault, '请按这句话检查设置'
    if 'is missing' in fault:
        cause = f'{name} 没有设置'
    elif 'is shorter' in fault:
        cause = f'{name} 太短，至少 32 字节'
    elif 'guessable' in fault:
        cause = f'{name} 是示例里的或容易猜到的值'
    else:
        cause = f'{name} 的值不对'
    if name in SECRETS:
        return cause, f'给 {name} 换一个随机密钥'
    return cause, f'{name} {RIGHT.get(name, "请对照 .env.example 里的说明填写")}'


def _doubts(case: Case) -> list[tuple[str, str]]:
    given, doubts = case.ready, []
    url = urlsplit(given.base_url)
    if given.production and url.scheme != 'https':
        doubts.append(('PUBLIC_BASE_URL 不是 https，登录和侧边栏会受影响', 'PUBLIC_BASE_URL 改为 https 开头的网址'))
    if given.production and given.has_wecom and not given.wechat_api_base_url.startswith(OFFICIAL_API):
        doubts.append(
            ('WECHAT_API_BASE_URL 不是企业微信的官方地址', f'确认这是有意的，否则改回 {OFFICIAL_API}cgi-bin/')
        )
    if given.production and given.simulates:
        doubts.append(('生产环境打开了模拟面板', '不需要时把 SIMULATION 设为 off'))
    if given.has_wecom and case.far_away and case.public_is_loopback:
        doubts.append(
            (
                f'PUBLIC_BASE_URL 是 {given.base_url}，只在本机有效，企业微信和员工都打不开',
                'PUBLIC_BASE_URL 填企业微信能访问到的域名，例如 https://console.example.com',
            )
        )
    return doubts
