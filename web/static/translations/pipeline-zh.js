// 流水线、时间线和控制面板的中文文案。The same names as in pipeline-en.js.

import { grouped } from "../text.js";

const left = (seconds) => (seconds < 120 ? `${seconds} 秒` : `${Math.round(seconds / 60)} 分钟`);

/** What keeps the messages waiting; alone while none waits. */
const keeps = (n, why) => [n > 0 ? `${grouped(n)} 条消息在 Kafka 中等待：` : "", why];

const parts = {
  kafka: "Kafka",
  table: "数据表",
  "event-router": "路由",
  processors: "处理器",
  homepage: "主页",
};

/** A space stands between a Latin name and what follows. */
const subjects = { kafka: "Kafka " };

const consequences = {
  kafka: "暂时无法发送，已接收的消息是安全的。",
  table: "恢复后继续处理，不会丢失。",
};

/** Each is a reason and a result; a failure begins with the result. */
export const sentence = {
  down: (part, seconds, isFrozen) => [
    consequences[part] ?? "消息安全地等在 Kafka 中。",
    `${subjects[part] ?? parts[part]}${isFrozen ? `已被冻结 ${left(seconds)}` : `已 ${left(seconds)}没有响应`}：`,
  ],
  zero: ["一切静止。", "发出第一条消息吧。"],
  zeroByHand: ["一切静止。", "手动设为零，不运行任何处理器。"],
  rest: ["弹幕墙还很安静。", "发出第一条消息吧。"],
  cold: (n, seconds) => keeps(n, `首个处理器正在启动，已用 ${seconds} 秒。`),
  died: (n) => keeps(n, "处理器已崩溃，正在重启。"),
  frozen: (n) => keeps(n, "处理器已被冻结。"),
  off: (n) => keeps(n, "手动设为零，不运行任何处理器。"),
  waking: (n) => keeps(n, n > 0 ? "还没有处理器响应。" : "没有处理中的消息。"),
  behind: {
    more: ([arrive, n, done], wanted, starting) => [
      `每秒到达 ${grouped(arrive)} 条，${n} 个处理器只能完成 ${grouped(done)} 条：`,
      starting > 0 ? `需要 ${wanted} 个，${starting} 个正在启动。` : `需要 ${wanted} 个。`,
    ],
    limit: ([arrive, n, done], grows) => [
      `每秒到达 ${grouped(arrive)} 条，${n} 个处理器完成 ${grouped(done)} 条：`,
      grows > 0 ? `已到上限，积压每秒增加 ${grouped(grows)} 条。` : "已到上限。",
    ],
    grows: ([arrive, n, done], grows) => [
      `每秒到达 ${grouped(arrive)} 条，${n} 个处理器完成 ${grouped(done)} 条：`,
      `积压每秒增加 ${grouped(grows)} 条。`,
    ],
    steady: ([arrive, n, done], waiting) => [
      `每秒到达 ${grouped(arrive)} 条，${n} 个处理器完成 ${grouped(done)} 条：`,
      `${grouped(waiting)} 条消息在等待。`,
    ],
  },
  catching: ([n, done, arrive], seconds) => [
    `${n} 个处理器每秒完成 ${grouped(done)} 条，到达 ${grouped(arrive)} 条：`,
    seconds === undefined ? "积压正在减少。" : `积压约 ${left(seconds)}后清空。`,
  ],
  starting: ([n, done, arrive], starting) => [
    `${n} 个处理器每秒完成 ${grouped(done)} 条，到达 ${grouped(arrive)} 条：`,
    `另有 ${starting} 个正在启动。`,
  ],
  startingIdle: (n, starting) =>
    n === 0 ? ["", `${starting} 个处理器正在启动。`] : [`${n} 个处理器就绪：`, `另有 ${starting} 个正在启动。`],
  /** Why some go. */
  fewer: {
    quiet: "没有新消息：",
    last: "没有新消息到达：",
    other: "需要的处理器变少：",
    byHand: (wanted) => (wanted === 0 ? "手动设为零：" : `手动设为 ${wanted} 个：`),
    need: (arrive, wanted) => `每秒 ${grouped(arrive)} 条只需 ${wanted} 个处理器：`,
  },
  leave: (n) => `${n} 个处理完手头请求后退出。`,
  /** `seconds` until zero, undefined where nobody knows. */
  idle: (n, goes, seconds) => {
    if (!goes) return ["没有消息：", `${n} 个处理器就绪。`];
    return ["没有消息：", seconds === undefined ? "即将缩容到零。" : `${left(seconds)}后缩容到零。`];
  },
  last: (n) => (n > 0 ? ["没有新消息到达：", `${grouped(n)} 条正在处理。`] : ["", "没有新消息到达。"]),
  dense: (texts, fly, folded, oldest) => [
    `每秒 ${grouped(texts)} 条不同弹幕：`,
    `${grouped(fly)} 条飞过，${grouped(folded)} 条折叠，最久不超过 ${oldest} 秒。`,
  ],
  pace: (n, arrive) => ["", `${n} 个处理器跟得上每秒 ${grouped(arrive)} 条。`],
  offline: (title, since) => [`数字和曲线停在 ${since}。`, title],
};

/** When the feed does not say what is wrong. */
export const unreachable = "无法连接服务器。";

export const labels = {
  pipeline: "流水线",
  senders: "发送端",
  kafka: "Kafka",
  router: "路由",
  processors: "处理器",
  table: "数据表",
  in: "流入",
  out: "流出",
  quiet: "静止",
  message: "条消息",
  waiting: "等待",
  first: "第一条消息",
  call: "请求",
  calls: "请求",
  wanted: "需要",
  ready: "就绪",
  asleep: "休眠",
  busy: "工作中",
  perSecond: "/秒",
  steady: "平稳",
  down: "中断",
  frozen: "冻结",
  since: (seconds) => `已 ${left(seconds)}`,
  reason: (calls, target) => `${grouped(calls)} 请求 ÷ 每个 ${target}`,
  waits: (n) => `${grouped(n)} 条消息在等待`,
  unreached: "没有请求到达",
  wakes: "第一条消息会唤醒一个",
  off: "手动设为零",
  more: (n, calls) => `另有 ${n} 个，${grouped(calls)} 个请求`,
  seconds: (text) => `${text} 秒`,
  lane: ({ slot, name, state, calls, rate }) =>
    `${slot > 0 || !name ? `处理器 ${slot || ""}`.trim() : name}，${state}，${grouped(calls)} 个请求，每秒 ${rate} 条`,
};

export const states = {
  starting: "启动中",
  warm: "就绪",
  busy: "忙碌",
  draining: "收尾中",
  gone: "已退出",
  died: "已崩溃",
  frozen: "冻结",
  back: "已恢复",
};

export const timeline = {
  rates: "消息/秒",
  in: "流入",
  out: "流出",
  waiting: "等待",
  peak: (n) => `峰值 ${grouped(n)}`,
  processors: "处理器",
  wanted: "需要",
  ago: (seconds) => `-${seconds} 秒`,
  now: "现在",
  none: "暂无数据",
  label: ({ peak, waiting, ready, wanted }) =>
    `90 秒内：等待最多 ${grouped(peak)} 条，现在 ${grouped(waiting)} 条；${ready} 个处理器` +
    `${wanted === null ? "" : `，需要 ${wanted} 个`}。`,
};

const named = (part) => parts[part] ?? part;
const lostText = (lost) => (lost === undefined ? "" : `，丢失 ${grouped(lost)}`);

/** What stands at a mark of the time line. */
export const marks = {
  first_message: "第一条消息",
  cold_start: (seconds) => `冷启动 ${seconds} 秒`,
  burst: "突发",
  scaled: (from, to) => `${from} → ${to}`,
  to_zero: "缩容到零",
  by_hand: (to) => `手动：${to}`,
  automatic: "自动",
  cost: (from, to) => `耗时 ${from} → ${to} 毫秒`,
  died: (part) => `${named(part)} 崩溃`,
  back: (part, seconds, lost) => `${named(part)} 崩溃，${seconds} 秒后恢复${lostText(lost)}`,
  frozen: (part) => `${named(part)} 冻结`,
  thawed: (part, seconds) => `${named(part)} 冻结 ${seconds} 秒`,
  part_down: (part) => `${subjects[part] ?? named(part)}中断`,
  part_back: (part, seconds) => `${named(part)} ${seconds} 秒后恢复`,
  restarted: () => "",
};

/** What stands in the list of events: the same in longer words. */
export const log = {
  ...marks,
  title: "事件，最新的在前。",
  none: "暂无事件。",
  scaled: (from, to, why) =>
    `${from} → ${to}${why ? `：${grouped(why.calls)} 个请求进行中，每个目标 ${why.target}` : ""}`,
  by_hand: (to) => `手动：${to} 个处理器`,
  part_back: (part, seconds, lost) => `${named(part)} ${seconds} 秒后恢复${lostText(lost)}`,
  restarted: (part, lost) => `${subjects[part] ?? named(part)}已重启${lostText(lost)}`,
};

/** Between two parts of a sentence. */
export const space = "";

export const invitation = {
  zeroText: "它会在 Kafka 中等待处理器启动，约一秒后从这里飞过。",
  byHandText: "消息会在 Kafka 中等待，直到允许处理器运行。",
  restText: "它会经过 Kafka、路由和可能刚被唤醒的处理器，然后从这里飞过。",
  cold: "第一条消息已经上路。",
  coldText: (seconds) => `还没有处理器在运行，正在启动一个。${seconds ? `上次冷启动用了 ${seconds} 秒。` : ""}`,
};

/** The caption of the tour: what each step shows, and what to look at. */
export const tour = {
  step: (number, of) => `导览，第 ${number} 步，共 ${of} 步：`,
  steps: {
    zero: ["缩容到零。", "没有消息，就不需要处理器。请看处理器的数字降到 0。"],
    first_message: ["第一条消息。", "它在 Kafka 中等待处理器启动，约一秒后从屏幕上飞过。"],
    burst: ["突发。", "消息来得比一个处理器处理得快。请看 Kafka：消息在那里等待。"],
    scale_out: ["扩容。", "更多处理器启动，每个有自己的颜色。请看等待的消息变少。"],
    processor_killed: ["杀掉一个处理器。", "它的消息交给其他处理器，它自己会重启。请看它的那一行。"],
    kafka_killed: ["杀掉 Kafka。", "暂时无法发送，已接收的消息是安全的。请看 Kafka 的方框。"],
    recovery: ["Kafka 恢复。", "工作从中断处继续。请看等待的消息变少。"],
    to_zero: ["缩容到零。", "不再有消息，处理器陆续退出。请看下方的阶梯。"],
  },
};

export const keys = {
  title: "按键",
  close: "关闭",
  problems: "当前问题",
  list: [
    ["空格", "暂停"],
    ["H", "隐藏弹幕"],
    ["F", "全屏"],
    ["Q", "半屏二维码"],
    ["W", "只看弹幕墙"],
    ["L", "浅色或深色"],
    ["?", "本列表"],
  ],
  demo: [
    ["+ −", "增减处理器"],
    ["A", "自动"],
    ["1 2 3", "负载：安静、繁忙的一天、蜂拥而至"],
    ["K", "杀掉一个处理器"],
    ["R", "杀掉路由"],
    ["T", "播放或停止导览"],
  ],
};

/** What a key has done, for two seconds. */
export const said = {
  paused: "已暂停。",
  resumed: "继续。",
  hidden: "弹幕已隐藏。",
  shown: "弹幕已显示。",
  light: "浅色。",
  dark: "深色。",
  wallOnly: "只看弹幕墙：按 W 恢复流水线。",
  whole: "弹幕墙和流水线。",
  code: "扫码发送弹幕。",
  room: "没有二维码：只有本机能看到此页。",
  noCode: "二维码已关闭。",
  fullScreen: "全屏。",
  window: "窗口。",
  noFullScreen: "浏览器不允许全屏。",
  byHand: (n) => `手动：${n} 个处理器。`,
  automatic: "自动：由负载决定。",
  cost: (ms) => `每条消息耗时 ${ms} 毫秒。`,
  load: { quiet: "负载：安静。", busy: "负载：繁忙的一天。", stampede: "负载：蜂拥而至。" },
  kill: (part) => `${part} 已被杀掉。`,
  freeze: (part) => `${part} 冻结 10 秒。`,
  again: (key, part) => `再按一次 ${key} 杀掉 ${part}。`,
  asStarted: (n) => `按启动时设置：${n} 个处理器。`,
  noLauncher: "这里没有启动器。",
  limit: (min, max) =>
    max === null || max === undefined ? `不允许少于 ${min} 个处理器。` : `只允许 ${min} 到 ${max} 个处理器。`,
  noProcessor: "没有处理器在运行。",
  tourBegins: "导览开始。",
  anyClick: "点击任意处即可停止。",
  tourStopped: "导览已停止。",
  noTour: "导览需要从 0 到至少 2 的范围，例如 --scale 0..4",
  /** Why a control did not work, by the status of the answer. */
  refused: {
    403: "这里不允许",
    404: "不存在",
    409: "它现在没有运行",
    422: "超出范围",
    503: "启动器没有响应",
    none: "服务器没有响应",
  },
  failed: (reason) => `没有成功：${reason}。`,
};

export const controls = {
  title: "扩缩容",
  note: "演示控制",
  mode: "处理器数量由谁决定",
  automatic: "自动",
  byHand: "手动",
  fewer: "减少一个处理器",
  more: "增加一个处理器",
  range: (min, max, wanted) =>
    max === null || max === undefined ? `需要 ${wanted} 个` : `范围 ${min} 到 ${max}，需要 ${wanted} 个`,
  cost: "每条消息的耗时",
  milliseconds: (ms) => `${ms} 毫秒`,
  playTour: "播放导览",
  stopTour: "停止导览",
  killProcessor: "杀掉一个处理器",
  killRouter: "杀掉路由",
  load: "负载",
  quiet: "安静",
  busy: "繁忙的一天",
  stampede: "蜂拥而至",
  breakIt: "制造故障",
  freezeLasts: "冻结持续 10 秒",
  freeze: "冻结",
  kill: "杀掉",
  freezePart: (part) => `冻结 ${part}`,
  killPart: (part) => `杀掉 ${part}`,
  processor: "哪个处理器",
  processorName: (slot) => `处理器 ${slot}`,
  down: (seconds) => `中断 ${seconds} 秒`,
  frozen: (seconds) => `冻结 ${seconds} 秒`,
  names: { broker: "Kafka", table: "数据表", "event-router": "路由", homepage: "主页" },
  onlyHere: "只有本机能看到这些控制。被杀掉的进程会自动重启。",
  byLink: "只有这个链接带有这些控制。被杀掉的进程会自动重启。",
};
