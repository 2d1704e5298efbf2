// Starts and stops one real stack with the launcher of `cargo demo`, on a free port and in an empty data folder. It has
// one processor, unless a test asks for more or for scaling.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const READY = /^barrage is up on (http:\/\/\S+)$/;

/** A text with this word is stored, but not shown. */
export const BLOCKED_WORD = "unprintable";

/** Resolves to `{ url, data, stop }` when the stack answers; `variables` are added to its environment. */
export async function startStack(variables = {}, ...options) {
  const data = mkdtempSync(join(tmpdir(), "barrage-web-"));
  const scales = options.some((option) => option === "--scale" || option === "--processors");
  const all = ["--port", "0", "--data", data, ...(scales ? [] : ["--processors", "1"]), ...options];
  const launcher = spawn(launcherPath(), all, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, BLOCKED_WORDS: BLOCKED_WORD, ...variables },
  });
  const url = await readyUrl(launcher);
  const stop = async () => {
    const exited = launcher.exitCode === null ? once(launcher, "exit") : undefined;
    launcher.kill("SIGTERM");
    await exited;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, data, stop };
}

/** The process ids of a service, from the launcher's stack.json; they change with each restart. */
export function pidsOf(data, service) {
  const { processes } = JSON.parse(readFileSync(join(data, "stack.json"), "utf8"));
  return processes.filter(({ name }) => name.startsWith(service)).map(({ pid }) => pid);
}

/** The process id of a service that runs once. */
export const pidOf = (data, service) => pidsOf(data, service)[0];

function launcherPath() {
  const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../../target");
  const path = join(target, "debug", "launcher");
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`cargo build --workspace --bins\` first`);
  return path;
}

async function readyUrl(launcher) {
  for await (const line of createInterface(launcher.stdout)) {
    const ready = READY.exec(line);
    if (ready) return ready[1];
  }
  throw new Error("the launcher ended before the stack was up; its lines are above");
}
