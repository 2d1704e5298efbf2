// WebKitGTK, the engine of Safari: Debian's small browser, moved by WebDriver, on a screen that nobody sees.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { beginSession } from "./webdriver.js";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const LIBRARIES = "/usr/lib";

export const packages = "webkit2gtk-driver xvfb";

export const isInstalled = () => [DRIVER, SCREEN].every(existsSync) && browserPath() !== undefined;

/** Its folder has the name of the machine's architecture. */
function browserPath() {
  const folders = readdirSync(LIBRARIES).map((name) => `${LIBRARIES}/${name}/webkit2gtk-4.1/MiniBrowser`);
  return folders.find(existsSync);
}

export async function launch() {
  const screen = spawn(SCREEN, ["-displayfd", "3", "-screen", "0", "1440x900x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [display] = await once(screen.stdio[3], "data");
  const port = await freePort();
  // Without a language the browser calls it "C", as on a kiosk: the page must cope.
  const env = { ...process.env, DISPLAY: `:${String(display).trim()}`, LANG: "C", LC_ALL: "C" };
  const driver = spawn(DRIVER, ["--host=127.0.0.1", `--port=${port}`], { env, stdio: "ignore" });
  const end = () => Promise.all([driver, screen].map(kill));
  try {
    const address = `http://127.0.0.1:${port}`;
    await answers(`${address}/status`);
    const options = { binary: browserPath(), args: ["--automation"] };
    const session = await beginSession(address, { "webkitgtk:browserOptions": options });
    return { ...session, close: () => session.end().finally(end) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function kill(process) {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill();
  await once(process, "exit");
}

/** The driver takes a port of our choice and does not tell one of its own. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answers(url) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await fetch(url).catch(() => false)) return;
    await setTimeout(100);
  }
  throw new Error(`${url} does not answer`);
}
