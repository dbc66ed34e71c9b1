"""What a message to members may hold, and what of it the phone shows."""

from typing import Any

from console.sandbox.answers import Refused
from console.sandbox.endpoints import Body
from console.sandbox.world import World

TEXT_BYTES = 2048
KINDS = {
    'text', 'markdown', 'textcard', 'image', 'voice', 'video', 'file', 'news', 'mpnews', 'miniprogram_notice',
    'template_card',
}  # fmt: skip
MEDIA = {'image', 'voice', 'video', 'file'}
CARD_TYPES = {'text_notice', 'news_notice', 'button_interaction', 'vote_interaction', 'multiple_interaction'}
INTERACTIVE = {'button_interaction', 'vote_interaction', 'multiple_interaction'}
BUTTONS_AT_MOST = 6


def content_of(world: World, request: Body) -> tuple[str, dict[str, Any]]:
    """The kind and the message's own object, its text cut as WeCom cuts it.

    Raises `Refused`: 40008 (no such kind), 44004 (empty), 40007 (no such file, or of another kind), 40058.
    """
    kind = request.fields.get('msgtype')
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(40008)
    if kind in {'text', 'markdown'}:
        content = request.fields.get(kind)
        text = content.get('content') if isinstance(content, dict) else None
        if not isinstance(text, str) or not text:
            raise Refused(44004)
        return kind, {'content': text.encode(errors='replace')[:TEXT_BYTES].decode(errors='ignore')}
    body = request.object(kind)
    if kind in MEDIA:
        media = world.media.get(body.text('media_id'), world.clock.now())
        if media.kind != kind:
            raise Refused(40007)
    elif kind == 'textcard':
        body.text('title', at_most=128)
        body.text('description', at_most=512)
        body.text('url', at_most=2048)
        body.text('btntxt', at_most=4, default='详情')
    elif kind == 'news':
        _check_articles(body)
    elif kind == 'template_card':
        check_card(body)
    return kind, body.fields


def shown_text(kind: str, body: dict[str, Any]) -> str:
    """The message in words."""
    if kind in {'text', 'markdown'}:
        return str(body['content'])
    if kind == 'news':
        return '\n'.join(article['title'] for article in body['articles'])
    if kind == 'template_card':
        title = body.get('main_title') or {}
        lines = [title.get('title'), title.get('desc'), body.get('sub_title_text')]
        lines += [f'{item["keyname"]}：{item.get("value", "")}' for item in body.get('horizontal_content_list', [])]
        return '\n'.join(str(line) for line in lines if line)
    return '\n'.join(str(body[field]) for field in ('title', 'description', 'media_id') if body.get(field))


def check_card(card: Body) -> None:
    """Raises `Refused` with 40058."""
    kind = card.text('card_type')
    if kind not in CARD_TYPES:
        raise Refused(40058, 'invalid argument: card_type')
    if kind in INTERACTIVE:
        card.text('task_id')
    if kind == 'button_interaction':
        card.object('main_title').text('title')
        buttons = card.fields.get('button_list')
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= BUTTONS_AT_MOST:
            raise Refused(40058, 'invalid argument: button_list')
        for button in buttons:
            _check_button(button)


def _check_button(button: object) -> None:
    if not isinstance(button, dict):
        raise Refused(40058, 'invalid argument: button_list')
    one = Body(button)
    one.text('text')
    if one.number('type', 0, high=1) == 1:
        one.text('url')
    elif len(one.text('key').encode()) > 1024:
        raise Refused(40058, 'invalid argument: key')


def _check_articles(body: Body) -> None:
    articles = body.fields.get('articles')
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(40058, 'invalid argument: articles')
    for article in articles:
        if not isinstance(article, dict):
            raise Refused(40058, 'invalid argument: articles')
        Body(article).text('title')
