// Firefox, as Debian has it, moved by WebDriver BiDi.

import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

const executablePath = "/usr/bin/firefox-esr";

export const packages = "firefox-esr";

export const isInstalled = () => existsSync(executablePath);

export async function launch() {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  return {
    open: (url) => page.goto(url),
    run: (f, ...values) => page.evaluate(f, ...values),
    close: () => browser.close(),
  };
}
