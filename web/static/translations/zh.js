// 页面上的中文文案。The same names as in en.js.

import { grouped } from "../text.js";

export const pill = { live: "在线", behind: "在线，有积压", offline: "离线" };

export const buttons = { send: "发送", sending: "正在发送", stop: "停止发送", stopping: "正在停止" };

export const fieldErrors = {
  message: (most, length) =>
    length > most ? `超出 ${length - most} 个字符，最多 ${most} 个。` : `请输入 1 到 ${most} 个字符。`,
  invisible: "这条消息看不见，请至少输入一个可见字符。",
  number: (most) => `请填 1 到 ${most} 的整数。`,
};

/** An error that only the server can find. The server puts it into English. */
export const serverError = ({ field }) =>
  field === "rate" ? "并发数乘以速率超过了服务器的上限。" : "服务器不接受这个值。";

export const foldText = (n) => `还有 ${grouped(n)} 条`;

export const you = "你";

export const lettersUsed = (letters, most) => `${letters} / ${most}`;

/** What Send will do, and how many messages that makes. */
export function hint({ concurrency, duration, rate }) {
  const all = grouped(concurrency * duration * rate);
  return `${concurrency} 路并发，每路每秒 ${grouped(rate)} 次，连续 ${duration} 秒重复发送这条消息，共 ${all} 条。`;
}

export const invalid = (n) => `尚未发送。请修改标出的 ${n} 项，已填内容会保留。`;

export const wrongRate = (error) => `尚未发送。每路每秒条数：${error}`;

export const posting = "正在请求服务器开始发送。";

export const noBurst = {
  unsure: "服务器没有回应，无法确认是否已发送。",
  malformed: "无法识别服务器的回应，无法确认是否已发送。",
  intercepted: "尚未发送：当前网络用它自己的页面代替了回应。请先登录该网络，再重新发送。",
  lost: "服务器已没有这个批次的记录。",
};

export const notStopped = "停止失败，请重试。";

export const offlineForm = "服务器恢复前无法发送。已填内容会保留。";

/** Why the server refused a burst, and when to try again. */
export function refused({ status, limit, running }, seconds) {
  const reasons = {
    429: "发送太频繁",
    503: "Kafka 暂时无法接收",
    own_bursts: `你已有 ${running} 批弹幕在发送`,
    address_bursts: `你所在的网络已有 ${running} 批弹幕在发送`,
  };
  const reason = reasons[limit] ?? reasons[status] ?? `尚未发送，服务器拒绝了请求（${status}）`;
  return seconds > 0 ? `${reason}，请 ${seconds} 秒后再试。` : `${reason}。`;
}

const deleted = (n) => `${grouped(n)} 条在处理前已被 Kafka 删除`;

export function onTheirWay(n, all, expired) {
  const lost = expired > 0 ? `${deleted(expired)}。` : "";
  return `已全部发送，${grouped(all)} 条中还有 ${grouped(n)} 条在途中。${lost}`;
}

export const elapsed = (seconds, duration) => `${Math.min(seconds, duration)} / ${duration} 秒`;

/** How a burst ended. A page that did not see all of it has no `seconds`. */
export function ended({ state, stop_reason, accepted, stored, failed, blocked, expired }, seconds) {
  const states = { done: "完成", stopped: "已停止", failed: "失败" };
  const reasons = { lost_homepage: "因主页进程退出而结束", topic_recreated: "因主题被重建而结束" };
  const parts = [`已接收 ${grouped(accepted)} 条`, `已存储 ${grouped(stored)} 条`];
  if (blocked > 0) parts.push(`其中 ${grouped(blocked)} 条被屏蔽`);
  if (failed > 0) parts.push(`${grouped(failed)} 条未被 Kafka 接收`);
  if (expired > 0) parts.push(deleted(expired));
  const time = seconds === undefined ? "" : `，用时 ${seconds.toFixed(1)} 秒`;
  return `${reasons[stop_reason] ?? states[state]}：${parts.join("，")}${time}。`;
}

export const legend = {
  none: "还没有处理器存储消息",
  idle: "空闲",
  stopped: "已停止",
  more: (n) => `另有 ${n} 个`,
};

export const wallNote = {
  paused: (n) => (n > 0 ? `已暂停，${grouped(n)} 条消息在等待展示。` : "已暂停。"),
  hidden: "弹幕已隐藏。",
  listHidden: "列表已隐藏。",
  sample: (received, passed) => `抽样展示：${grouped(passed)} 条中的 ${grouped(received)} 条。`,
};

export const list = {
  reduced: "已减少动态效果：最新消息在前。",
  chosen: "最新消息在前。",
};

export const milliseconds = (ms) => `${grouped(ms)} ms`;

export const counterNotes = {
  blocked: (n) => `已存储的消息中有 ${grouped(n)} 条被屏蔽`,
  withoutRow: (n) => `${grouped(n)} 条处理后未入表`,
  expired: (n, since) => (since ? `${deleted(n)}（自 ${since} 起）` : deleted(n)),
};

export const offline = {
  titles: {
    offline: "无法连接服务器。",
    intercepted: "当前网络用它自己的页面代替了回应。请先登录该网络，本页会自动恢复。",
    broken: "本页出现错误，请刷新。",
  },
  countdown: (seconds, attempt) =>
    seconds > 0 ? `${seconds} 秒后重试（第 ${attempt} 次）。` : `正在重试（第 ${attempt} 次）。`,
  detail: "已收到的弹幕会继续飞行，恢复后从中断处继续。",
  action: "立即重试",
};

const unsafe = "等待过久的消息会被 Kafka 删除。";

export const backlog = {
  /** `accepted` counts since this page opened, so it may be less than `waiting`. */
  title: (accepted, waiting) =>
    accepted >= waiting
      ? `Kafka 已接收 ${grouped(accepted)} 条，${grouped(waiting)} 条等待处理。`
      : `${grouped(waiting)} 条消息等待处理。`,
  silent: (seconds, isSafe) =>
    `${seconds} 秒内没有处理任何消息。` + (isSafe ? "消息已安全保存在 Kafka 中，恢复处理后会显示在这里。" : unsafe),
  explained: (isSafe) => (isSafe ? "消息已安全保存在 Kafka 中。" : unsafe),
  busy: (n) => `处理器正忙，${n} 个在运行，可能会继续增加。`,
};

const problems = {
  kafka: [
    "Kafka 没有响应。",
    "新消息会被拒绝。正在运行的发送任务最多保留消息 60 秒，Kafka 恢复后继续发送。已接收的消息是安全的。",
  ],
  table: ["数据表没有响应。", "已接收的消息安全保存在 Kafka 中，数据表恢复后会显示在这里。"],
  sending: ["Kafka 不接收这里发送的消息。", "已接收的消息是安全的。"],
  reader: ["暂时读不到结果。", "消息是安全的，稍后会显示。"],
  "event-router": ["没有路由在读取消息。", "消息安全保存在 Kafka 中，路由恢复后继续处理。"],
  processors: ["没有处理器能完成处理。", "消息安全保存在 Kafka 中。"],
  processing: ["消息在等待，已有一段时间没有处理完任何一条。", "消息安全保存在 Kafka 中。路由或处理器正忙，或者没有运行。"],
  retention: ["有消息在处理前已被 Kafka 删除。", "这些消息已丢失。请延长 Kafka 的保留时间，或增加处理器。"],
  partitions: ["有分区无法读取。", "其他分区都能读取。"],
  homepage: ["这台服务器正在停止。", "这里无法再发送，已接收的消息是安全的。"],
};

const SAID_BY_SERVER = new Set(["partitions", "processors"]);

/** Which part is down, since when, and what that means for the person. */
export const problem = {
  title: ({ part }, { expired }) =>
    part === "retention" && expired > 0
      ? `${grouped(expired)} 条消息在处理前已被 Kafka 删除。`
      : (problems[part]?.[0] ?? `${part} 没有响应。`),
  /** Only the server knows which partition, or what is wrong with the processors, and says it in English. */
  detail: ({ part, text }, since) =>
    [`自 ${since} 起。`, problems[part]?.[1], SAID_BY_SERVER.has(part) && text].filter(Boolean).join(""),
};

const parts = { kafka: "Kafka", table: "数据表", "event-router": "路由", processors: "处理器" };

/** A part that is back: how long it was away, and what that has cost. */
export function event({ part, kind, seconds, lost }) {
  const what = kind === "restarted" ? "路由已重启" : `${parts[part] ?? part} 中断 ${seconds} 秒后恢复`;
  return `${what}，丢失 ${grouped(lost)} 条消息`;
}

export const card = {
  merged: (n) => `合并了 ${grouped(n)} 条相同消息，以下是第一条：`,
  steps: { read_at: "Kafka 接收", received_at: "到达处理器", stored_at: "已存储", shown_at: "已展示" },
};

export const summary = (messages, waiting, processors) =>
  `新消息 ${grouped(messages)} 条，${grouped(waiting)} 条等待，${processors} 个处理器。`;
