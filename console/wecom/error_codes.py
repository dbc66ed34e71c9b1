"""WeCom's error codes: our class, the cause and the mending in Chinese for staff, both in English for the log.

See developer.work.weixin.qq.com/document/path/90313, read 2026-11-24, and for 微信客服 (95xxx) path/94677.
"""

TABLE = """
-1     | retry         | 企业微信繁忙 | 系统会稍后重试，最多三次 | WeCom is busy: retry at most three times
6000   | retry         | 数据正被别处修改 | 系统会稍后重试 | data version conflict: retry later
40001  | credential    | Secret 错误、已被重置，或应用已停用 | 请管理员更新 Secret；修好之前不再获取凭证 | secret wrong, reset, or app disabled: update it, do not loop
40003  | permanent     | 成员账号无效或已离职 | 请核对成员账号 | userid unknown, left or malformed: check it
40007  | permanent     | 素材已失效（超过 3 天）或类型不符 | 请重新上传素材 | media_id wrong or older than 3 days: upload again
40008  | permanent     | 消息类型不合法 | 请联系开发人员 | msgtype unknown: our bug
40013  | configuration | 企业 ID 填写错误 | 请管理员核对企业 ID | CorpID wrong: correct it
40014  | token         | 访问凭证无效 | 系统会刷新一次；仍然出错请核对应用 | access token invalid: refresh once, then check the app
40029  | permanent     | 登录授权码已用过、超过 5 分钟或不属于本应用 | 请重新进入页面登录 | OAuth code used, expired or another app's: sign in again
40033  | permanent     | 请求含有非法字符 | 请联系开发人员 | illegal characters such as \\uXXXX in the request: our bug
40035  | permanent     | 请求参数不合法 | 请联系开发人员 | bad parameter: our bug
40056  | configuration | AgentID 不正确 | 请管理员核对 AgentID | agentid wrong: correct it
40058  | permanent     | 请求参数不合法：超长、缺失或请求方式错误 | 请检查内容长度，仍然出错请联系开发人员 | bad parameter: too long, missing or wrong method
40093  | configuration | 页面签名错误 | 请核对票据、页面网址（不含 #）和服务器时间 | JS signature wrong: check ticket, url and seconds
40096  | permanent     | 客户 ID 不对，或跟进人不在应用可见范围 | 请核对客户及其跟进人 | external_userid wrong or its staff out of the app's range
41001  | token         | 请求缺少访问凭证 | 系统会刷新一次；仍然出错请联系开发人员 | access token missing from the URL
41050  | permanent     | 欢迎语凭证已过 20 秒 | 无法补发欢迎语，请直接回复客户 | welcome code older than 20 seconds
41051  | permanent     | 已开始聊天或已发过欢迎语 | 无需重试 | customer already chatting or welcomed: do not retry
41096  | retry         | 其他应用正在发送欢迎语 | 系统会稍后重试 | another app is sending the welcome: may retry
42001  | token         | 访问凭证已过期 | 系统会刷新一次 | access token expired: refresh once
42012  | configuration | 页面票据类型用错，或属于其他应用 | 应用签名须使用应用票据，请核对配置 | wrong kind of JS ticket or another app's
42022  | permanent     | 登录授权码已使用 | 请重新登录 | code already used: sign in again
42052  | permanent     | 消息发出已超过 24 小时 | 不能再撤回 | recall is possible within 24 hours only
44004  | permanent     | 消息内容为空 | 请填写内容后再发送 | text is empty
45002  | permanent     | 内容超长（文本不超过 2048 字节） | 请拆分后再发送 | content too long: split it
45009  | rate          | 调用过于频繁 | 系统会等待解封后继续 | rate limit: wait the same period
45033  | rate          | 同时调用过多 | 系统会降低并发后继续 | too many calls at once: lower concurrency
45035  | retry         | 同一条记录正被同时修改 | 系统会排队重试 | same record edited at once: serialise
48001  | configuration | 应用未获此接口的授权 | 请管理员在管理后台开通 | API not authorised for the app
48002  | configuration | 应用没有此接口的权限 | 请管理员把应用加入“可调用接口的应用” | app lacks this API: grant it in the admin console
48006  | configuration | 应用长期未用，权限已被收回 | 请管理员重新启用 | permission withdrawn from an unused app: re-enable it
48007  | configuration | 该客服账号未授权给本应用 | 请管理员在微信客服中授权 | kf account not granted to the app
48011  | configuration | 成员活跃不足，暂不能读取客户数据 | 请提高应用使用率后再试 | activity too low to read customer data
50001  | configuration | 回调域名不是可信域名 | 请管理员核对可信域名，须与网址完全一致（含端口） | redirect host is not the trusted domain
50002  | configuration | 成员不在权限范围内 | 请管理员调整权限范围 | member outside the permission range
50003  | configuration | 应用已停用 | 请管理员启用应用 | app disabled
60011  | configuration | 对该成员、部门或标签没有权限 | 请管理员检查应用可见范围 | no right on this member, department or tag
60020  | configuration | 服务器 IP 不在企业可信 IP 中 | 请管理员加入企业可信 IP，保存约 1 分钟后生效 | server IP not trusted: add it, active after a minute
60021  | configuration | 成员不在应用可见范围 | 请管理员把成员加入应用可见范围 | userid outside the visible range
60030  | configuration | 接待人员不在应用可见范围 | 请管理员把接待人员加入应用可见范围 | servicer outside the app's visible range
60111  | permanent     | 成员不存在或已退出企业 | 请核对成员账号 | userid does not exist
60140  | permanent     | 卡片更新凭证已失效 | 卡片不能再更新，请在系统中处理 | card response_code expired or used
60252  | permanent     | 客服账号 ID 不合法 | 请联系开发人员 | open_kfid malformed: our bug
60253  | configuration | 该成员不是接待人员 | 请管理员把成员加入接待人员列表 | not in the servicer list
80001  | configuration | 可信域名不正确或未备案 | 请管理员核对可信域名（不能是 IP、端口或短链接） | trusted domain wrong or without ICP filing
81013  | permanent     | 接收人全部无效或没有权限，消息未发送 | 请核对接收人及应用可见范围 | every recipient invalid or out of range: nothing sent
82001  | permanent     | 没有填写接收人 | 请联系开发人员 | no recipient given: our bug
84061  | permanent     | 与该客户不是（或不再是）好友 | 请由其他跟进人联系客户 | not, or no longer, this employee's customer
85005  | configuration | 域名归属未校验 | 请管理员放置域名校验文件 | domain ownership file not verified
86216  | permanent     | 会话成员 ID 不合法 | 请核对群成员 | illegal member id in a group chat
93000  | configuration | 群机器人地址失效或机器人已被移出群 | 请管理员重新添加机器人并更新地址 | webhook key wrong or robot removed
95000  | permanent     | 客服账号无效 | 请管理员核对微信客服账号 | open_kfid invalid
95001  | window_closed | 客户上次发言后已回复满 5 条 | 请等客户再发消息后重发 | five replies used: wait for the customer
95002  | window_closed | 客户上次发言已超过 48 小时 | 请等客户再发消息后重发 | more than 48 hours since the customer spoke
95003  | configuration | 企业未认证，接待人数受限 | 请管理员完成企业认证 | company not verified
95004  | permanent     | 客服账号不存在、已删除或属于其他企业 | 请管理员核对微信客服账号 | open_kfid deleted or another company's
95005  | configuration | 客服账号数量超过限制 | 请管理员删除不用的客服账号 | too many kf accounts
95006  | permanent     | 客服账号名称不合法 | 请修改名称后再试 | kf account name illegal
95007  | retry         | 消息拉取凭证已过期 | 系统会改用游标重新拉取 | sync token stale: drop it, keep the cursor
95008  | permanent     | 菜单消息的选项过多 | 请减少到 10 项以内 | too many menu items
95009  | permanent     | 菜单消息的选项类型不合法 | 请联系开发人员 | illegal menu item type: our bug
95011  | configuration | 微信客服已在企业微信中启用，与当前 Secret 不匹配 | 请管理员改用自建应用的 Secret | kf mode does not match this secret
95012  | configuration | 未在企业微信中启用微信客服，与当前 Secret 不匹配 | 请管理员检查微信客服的启用方式 | kf mode does not match this secret
95013  | window_closed | 会话已结束 | 请等客户再次咨询后重发 | session ended: wait for the customer
95014  | configuration | 不是接待人员，或未激活企业微信 | 请管理员核对接待人员 | not a servicer, or not activated
95015  | configuration | 管理后台已配置专属服务 | 请管理员在管理后台调整 | upgrade service already configured by the admin
95016  | permanent     | 不允许这样变更会话状态 | 请在企业微信中处理该会话 | state change not allowed
95017  | configuration | 微信客服的 API 开关未打开 | 请管理员在微信客服中打开 API | kf API switch is off
95018  | window_closed | 当前会话状态不能由系统发送 | 请在企业微信中回复，或等客户再发消息后重发 | session state does not allow API sending
95019  | configuration | 接待人员已停止接待或暂时挂起 | 请换一位接待人员，或恢复接待 | servicer stopped or paused
95020  | configuration | 接待人员数量超过上限 | 请管理员减少接待人员 | too many servicers
95023  | configuration | 微信客服的 API 已授权给其他应用 | 请管理员在微信客服中切换授权 | kf API granted to another app
95026  | configuration | 客服账号使用率较低，暂不能新建 | 请提高使用率后再试 | kf accounts little used: cannot create more
95027  | configuration | 企业未认证，只能创建 10 个客服账号 | 请管理员完成企业认证 | unverified company: at most 10 kf accounts
95030  | permanent     | 该类消息被禁止发送 | 请改用文字回复 | message type forbidden
95031  | window_closed | 客户 48 小时内没有咨询 | 请等客户再发消息后重发 | customer silent for 48 hours: wait
95032  | configuration | 读取客服聊天记录的权限已失效 | 请管理员联系企业微信 | right to read kf chats withdrawn
95033  | unknown       | 消息 ID 重复，多为先前已发送成功 | 请先在企业微信中查看客户是否已收到 | msgid repeated: an earlier send was probably accepted
301002 | configuration | Secret 与 AgentID 不是同一个应用 | 请管理员核对应用配置 | token does not belong to this agentid
"""  # noqa: E501
"""code | class | 原因 | 处理 | English. What is missing here needs a person, see `refusals.refusal_of`."""
