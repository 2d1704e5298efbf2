// What the charts show: one value for each of the last seconds. Pure arithmetic, no clock of its own.

const SECONDS = 90;
/** After a longer silence it is not known when messages came: the page was offline or hidden. */
const LONGEST_SPREAD_S = 8;
/** A second that is known only in part would look like a dip. Sums of shares are not exact, hence not 1. */
const WHOLE = 0.999;

/** All times are in seconds, of one clock. */
export class History {
  #seconds = new Map();
  #repliedAt;
  #accepted;

  /** Whether there is anything to draw. */
  hasData = false;

  /** Takes a reply of the feed. Its messages are spread evenly over the time since the last reply. */
  reply(now, accepted, processors) {
    const [from, before] = [this.#repliedAt, this.#accepted];
    this.#repliedAt = now;
    this.#accepted = accepted;
    if (from === undefined || now <= from || now - from > LONGEST_SPREAD_S || accepted < before) return;
    this.hasData ||= accepted > before;
    for (let second = Math.floor(from); second < now; second += 1) {
      const share = (Math.min(second + 1, now) - Math.max(second, from)) / (now - from);
      const bucket = this.#at(second);
      bucket.sent += (accepted - before) * share;
      bucket.known += share * (now - from);
      bucket.processors = processors;
    }
  }

  /** The time before the next reply stays unknown. */
  interrupt() {
    this.#repliedAt = undefined;
  }

  shown(now, n) {
    if (n > 0) this.#at(Math.floor(now)).shown += n;
  }

  /** How long one message took from sent to stored. */
  latency(now, milliseconds) {
    if (this.#repliedAt === undefined) return; // the message may be older than the page
    this.hasData = true;
    this.#at(Math.floor(now)).latencies.push(Math.max(0, milliseconds));
  }

  /**
   * The whole seconds of the last minute and a half, one array for each value: null where nothing is known,
   * undefined for the latency of a second in which nothing came.
   */
  columns(now) {
    const last = Math.floor(now) - 1;
    for (const second of this.#seconds.keys()) if (second <= last - SECONDS) this.#seconds.delete(second);
    const columns = { ago: [], sent: [], shown: [], p50: [], p99: [], processors: [] };
    for (let second = last - SECONDS + 1; second <= last; second += 1) {
      const isKnown = this.#repliedAt === undefined || second + 1 <= this.#repliedAt;
      const row = isKnown ? this.#row(second) : {};
      for (const name of Object.keys(columns)) columns[name].push(name in row ? row[name] : null);
      columns.ago[columns.ago.length - 1] = second + 1 - now;
    }
    return columns;
  }

  /**
   * Closes a second that is over: computes its latencies once and drops the single values. They are known even if
   * a part of the second is not.
   */
  #row(second) {
    const bucket = this.#seconds.get(second);
    if (!bucket) return {};
    bucket.percentiles ??= percentiles(bucket.latencies);
    bucket.latencies = [];
    const { known, sent, shown, processors, percentiles: latency } = bucket;
    if (known < WHOLE) return latency.p50 === undefined ? {} : latency;
    return { sent: Math.round(sent), shown, processors, ...latency };
  }

  #at(second) {
    let bucket = this.#seconds.get(second);
    if (!bucket) {
      bucket = { known: 0, sent: 0, shown: 0, latencies: [] };
      this.#seconds.set(second, bucket);
    }
    return bucket;
  }
}

function percentiles(values) {
  values.sort((a, b) => a - b);
  const at = (rank) => values[Math.ceil(rank * values.length) - 1];
  return { p50: at(0.5), p99: at(0.99) };
}
