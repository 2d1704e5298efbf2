//! The texts of the pages in Chinese, in simplified characters.

use super::{Pattern, Step, Translations};

pub(crate) const ZH: Translations = Translations {
    tagline: "每条弹幕都走一遍 Kafka、gRPC 和 DynamoDB",
    stage_view: "大屏",
    how_it_works: "工作原理",
    connecting: "正在连接",

    messages: "弹幕",
    newest_first: "最新消息在前。",
    message: "消息",
    time: "时间",
    processor: "处理器",
    sent_to_stored: "发送到存储",

    close: "关闭",
    message_id: "消息 ID",
    burst: "批次",
    sent_to_shown: "发送到展示",
    open_trace: "查看链路",

    greeting: "大家好",
    quiet: "弹幕墙还很安静。",
    quiet_text: "发出第一条消息。它会经过 Kafka、路由和可能刚被唤醒的处理器，然后从这里飞过。",
    try_this: "试试",
    hello_once: "打个招呼",
    twenty_senders: "20 并发，30 秒",
    load_test: "压测：100 并发，60 秒",
    qr: Pattern("{} 的二维码"),
    join: "用手机加入",
    scan: "扫码发送弹幕",
    only_here: "此地址只能在本机打开",
    open_room: "要让全场加入，请运行：",
    closes: "关闭",
    steps: STEPS,

    processors: "处理器",
    no_processors: "处理器：–",
    show_wall: "显示滚动弹幕",
    list_is_static: "未启用 JavaScript，列表不会自动更新。",
    too_old: "浏览器版本过旧，无法显示滚动弹幕（需要 Safari 16、Firefox 115 或 Chrome 107）。表单可以使用，列表不会自动更新。",
    reload: "刷新",
    wall: "弹幕墙",
    pause: "暂停",
    hide: "隐藏",
    list: "列表",

    send_a_burst: "发送一批弹幕",
    characters: Pattern("1 到 {} 个字符"),
    concurrency: "并发数",
    duration: "持续时间",
    range: Pattern("1 到 {}"),
    send: "发送",
    hint: "所有并发会重复发送这条消息，直到时间结束。",
    accepted: "已接收",
    stored: "已存储",
    shown: "已展示",
    stop: "停止发送",

    invalid_message: Pattern("请输入 1 到 {} 个字符。"),
    invisible_message: "这条消息看不见，请至少输入一个可见字符。",
    message_too_long: Pattern("多了 {} 个字符，最多 {} 个。"),
    invalid_name: Pattern("昵称请输入 1 到 {} 个字符，也可以不填。"),
    invisible_name: "这个昵称看不见，请至少输入一个可见字符，也可以不填。",
    invalid_number: Pattern("请填 1 到 {} 的整数。"),
    total_rate_too_high: Pattern("并发数乘以速率，每秒最多 {} 条消息。"),
    invalid_rate: Pattern("尚未发送。每路每秒条数：{}"),
    nothing_sent: Pattern("尚未发送。请修改标出的 {} 项，已填内容会保留。"),
    sent: Pattern("已开始发送，最多 {} 条。刷新页面后可在列表中看到。"),
    too_much: Pattern("发送太频繁，请 {} 秒后再试。"),
    cooldown: Pattern("刚刚发送过，请 {} 秒后再发。"),
    own_bursts: Pattern("这台设备已有 {} 批弹幕在发送，请 {} 秒后再试，或先停止一批。"),
    address_bursts: Pattern("你所在的网络已有 {} 批弹幕在发送，请 {} 秒后再试。"),
    kafka_away: Pattern("Kafka 暂时无法接收，请 {} 秒后再试。"),

    on_the_wall: "现在的弹幕墙",
    your_messages: "你的弹幕",
    your_name: "昵称（可不填）",
    name: "昵称",
    emojis: "表情",
    everybody: "现场所有人都能看到。",
    nothing_sent_yet: "尚未发送。请修改标出的内容。",
    too_soon: Pattern("尚未发送，请 {} 秒后再发。"),
    sent_one: "已发送，马上就会出现在弹幕墙上。",

    since_opened: "打开页面以来",
    waiting: "等待处理",
    folded: "已折叠",
    shown_latest: "已展示，60 秒",
    folded_latest: "已折叠，60 秒",
    events: "事件",

    how_numbers: "已接收：Kafka 已经收下。等待处理：已接收，但还没处理完。已存储：数据表里有它的一行。\
                  已展示：在这里能读到它，单独一条或合并为 ×n。已折叠：同时来得太多，墙上只显示条数，结果里仍有它。",
    api: "API 说明（供程序使用）",
    metrics: "监控指标（Prometheus 格式）",
};

const STEPS: [Step; 6] = [
    Step {
        name: "浏览器",
        why: "向首页服务发起一批弹幕。每一路并发都重复发送这条消息，等 Kafka 确认后才发下一条。",
    },
    Step {
        name: "Kafka",
        why: "保存每条消息，直到处理器把它写入数据表。哪个环节出了故障，消息都在这里等着，不会丢失。",
    },
    Step {
        name: "路由",
        why: "读取新到的消息，分批交给手头调用最少的处理器。只有消息真正处理完，才向 Kafka 提交位点。",
    },
    Step {
        name: "处理器",
        why: "检查每条消息并写入数据表。处理器没有状态，可以缩到零，也可以随负载扩到很多个。\
              每个处理器在弹幕墙上有自己的颜色和形状。",
    },
    Step {
        name: "数据表",
        why: "每条消息一行，以它在 Kafka 中的位置为主键。重复写入不会改变结果，所以没有弹幕会出现两次。",
    },
    Step {
        name: "弹幕墙",
        why: "不断获取新消息，让它们从屏幕上飞过。相同的消息合并成一条，拥挤时不同处理器的也合并：×24 代表 24 条。",
    },
];
