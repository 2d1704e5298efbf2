// 观众页面的中文文案。The same names as in join-en.js.

const processor = (slot) => (slot > 0 ? `，处理器 ${slot}` : "");
const seconds = (ms) => `${(ms / 1000).toFixed(1)} 秒`;

export const states = {
  kept: ({ wait }) => (wait > 0 ? `${wait} 秒后发出` : "即将发出"),
  held: () => "本页恢复在线后发出",
  sending: () => "发送中",
  waiting: ({ left }) => (left ? `在 Kafka 中等待，约 ${left}` : "在 Kafka 中等待"),
  now: ({ slot }) => `正在墙上${processor(slot)}`,
  was: ({ ms, slot }) => `已上墙，用时 ${seconds(ms)}${processor(slot)}`,
  folded: () => "太拥挤，已折叠，列表里能找到",
  stored: ({ ms, slot }) => `已存入列表，用时 ${seconds(ms)}${processor(slot)}`,
  blocked: () => "已收到，但含有本场不展示的词，没有上墙",
  gone: () => "已收到，但在途中被筛掉了",
  expired: () => "已丢失：处理前被 Kafka 删除",
  unknown: () => "服务器已没有它的记录",
  refused: ({ reason }) => `被拒绝：${reason}`,
  failed: ({ reason }) => (reason ? `未能发送：${reason}` : "未能发送"),
  unsure: () => "服务器没有回应，可能已经发出",
  unsent: () => "尚未发送",
};

export const left = (s) => (s < 120 ? `${s} 秒` : `${Math.round(s / 60)} 分钟`);

export const again = "重试";
export const sendNow = "发送";
export const edit = "修改";

export const button = {
  send: "发送",
  wait: (s) => `${s} 秒后可再发`,
  waitShort: (s) => `${s} 秒后可再发`,
};

export const letters = (n, most) => `${n} / ${most}`;

export const nameError = (excess, most) =>
  excess > 0 ? `超出 ${excess} 个字符，最多 ${most} 个。` : "这个昵称看不见，请留空或输入可见字符。";

export const notes = {
  full: "已有一条在等待发出，这一条留在这里。",
  long: "前面的弹幕都还在途中，这一条留在这里。",
  busy: "现在发送的人太多，你的弹幕已保留，稍后发出。",
  kafka: "Kafka 暂时无法接收，你的弹幕已保留，恢复后发出。",
  offline: "没有连接，已输入的内容会保留。",
  intercepted: "当前网络用它自己的页面代替了回应，请先登录该网络。已输入的内容会保留。",
  broken: "本页出现错误，请刷新。",
  refused: (status) => `服务器拒绝了请求（${status}）`,
  busyLong: "发送的人太多",
  kafkaLong: "Kafka 没有接收",
  network: "当前网络用它自己的页面代替了回应",
};
