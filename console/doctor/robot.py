"""Whether alerts reach somebody: the group robot's address, and on request a message to it."""

from console.doctor import places
from console.doctor.case import Case
from console.doctor.finding import Finding, bad, good, not_used, warn
from console.wecom import robot as wecom_robot
from console.wecom.refusals import RefusalKind, WeComRefused, WeComUnreachable

SET = '把新的地址填到 WECHAT_ALERT_WEBHOOK 后重新启动'


def robot(case: Case) -> Finding:
    """Tells the robot nothing."""
    webhook = case.ready.wechat_alert_webhook.get_secret_value()
    if not webhook:
        hint = {'where': places.ROBOT, 'step': '添加一个机器人，把它的地址填到 WECHAT_ALERT_WEBHOOK 后重新启动'}
        return (warn if case.ready.production else not_used)('没有设置告警机器人，出了故障只在页面上看得到', **hint)
    if not wecom_robot.ADDRESS.fullmatch(webhook):
        return bad('WECHAT_ALERT_WEBHOOK 不是机器人的地址，应以 /webhook/send?key=… 结尾', where=places.ROBOT, step=SET)
    if trouble := case.robot_trouble():
        return bad(f'上一条告警没有送到群里：{trouble}', where=places.ROBOT, step=SET)
    return good('已设置（没有发送测试消息）')


def robot_told(case: Case) -> Finding:
    """Sends a test message."""
    found = robot(case)
    webhook = case.ready.wechat_alert_webhook.get_secret_value()
    if not wecom_robot.ADDRESS.fullmatch(webhook):
        return found
    try:
        wecom_robot.tell(webhook, '【EduDesk】这是一条测试消息，收到说明告警可以送达。')
    except WeComRefused as fault:
        if fault.kind is RefusalKind.RATE:
            return warn('发得太频繁，机器人每分钟最多收 20 条', step='过一分钟再试')
        return bad(f'{fault.refusal.cause_zh}（错误码 {fault.errcode}）', where=places.ROBOT, step=SET)
    except WeComUnreachable as fault:
        return bad(
            f'连不上机器人 ({fault.what})', where='服务器的网络、防火墙和代理设置', step='让服务器可以访问企业微信'
        )
    return good('测试消息已送到群里')
