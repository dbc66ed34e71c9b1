"""What staff read in place of a message that is not text: one word a kind, whichever channel it came by."""

LABELS = {
    'image': '[图片]',
    'voice': '[语音]',
    'video': '[视频]',
    'file': '[文件]',
    'location': '[位置]',
    'link': '[链接]',
    'business_card': '[名片]',
    'miniprogram': '[小程序]',
    'msgmenu': '[菜单]',
    'channels': '[视频号]',
    'channels_shop_product': '[视频号商品]',
    'channels_shop_order': '[视频号订单]',
    'merged_msg': '[聊天记录]',
    'meeting': '[会议]',
    'calendar': '[日程]',
    'note': '[笔记]',
}
UNKNOWN = '[暂不支持的消息]'
