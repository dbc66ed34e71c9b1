"""Whether the model answers: one request for one token."""

import requests

from console.doctor import places
from console.doctor.case import TIMEOUT, Case
from console.doctor.finding import Finding, bad, good, not_used, warn

PATIENCE = (TIMEOUT[0], 6.5)
MEANINGS = {
    401: ('密钥不对或已失效', '核对 DEEPSEEK_API_KEY，改好后重新启动'),
    402: ('账户余额不足', '到模型服务商那里充值'),
    403: ('密钥没有使用这个模型的权限', '到模型服务商那里开通，或换一个密钥'),
    404: ('地址或模型名称不对', '核对 DEEPSEEK_API_URL 和 DEEPSEEK_MODEL'),
    400: ('模型不接受这个请求，多半是模型名称不对', '核对 DEEPSEEK_MODEL'),
    422: ('模型不接受这个请求，多半是模型名称不对', '核对 DEEPSEEK_MODEL'),
}


def model(case: Case) -> Finding:
    given = case.ready
    key = given.deepseek_api_key.get_secret_value()
    if not key:
        return not_used(
            '没有设置大模型，用本地知识库起草', where=places.SETTINGS, step='要用大模型时设置 DEEPSEEK_API_KEY'
        )
    url = given.deepseek_api_url.rstrip('/').removesuffix('/chat/completions') + '/chat/completions'
    try:
        answer = requests.post(
            url,
            json={
                'model': given.deepseek_model,
                'messages': [{'role': 'user', 'content': 'ping'}],
                'max_tokens': 1,
            },
            headers={'Authorization': f'Bearer {key}'},
            timeout=PATIENCE,
            allow_redirects=False,
        )
    except requests.Timeout:
        return warn('大模型没有及时应答，可能正忙', where=places.SERVER, step='稍后再检查；一直这样请联系模型服务商')
    except requests.RequestException as fault:
        return bad(
            f'连不上大模型 ({type(fault).__name__})',
            where=places.SETTINGS,
            step='核对 DEEPSEEK_API_URL，并确认服务器能访问它；期间要人工写回复',
        )
    return _judged(answer, given.deepseek_model)


def _judged(answer: requests.Response, name: str) -> Finding:
    status = answer.status_code
    if status in MEANINGS:
        cause, step = MEANINGS[status]
        return bad(f'大模型：{cause} (HTTP {status})', where=places.SETTINGS, step=step)
    if status == 429 or status >= 500:
        return warn(f'大模型正忙 (HTTP {status})', step='系统会自己重试；一直这样请联系模型服务商')
    try:
        spoke = status == 200 and bool(answer.json()['choices'])
    except (ValueError, KeyError, TypeError):
        spoke = False
    if not spoke:
        return bad(
            f'DEEPSEEK_API_URL 上回答的不是大模型 (HTTP {status})',
            where=places.SETTINGS,
            step='填到 /v1 为止的接口地址，例如 https://api.deepseek.com/v1',
        )
    return good(f'{name} 应答正常')
