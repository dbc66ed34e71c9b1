"""What staff call the channels."""

from models import Channel

NAMES = {Channel.APP: '应用消息', Channel.KF: '微信客服', Channel.CONTACT: '客户联系', Channel.SIMULATE: '模拟'}
