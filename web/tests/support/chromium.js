// Which Chromium the tests and the picture use, and how it is started: it must connect only to the page's server.

export const chromium = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), // the sandbox refuses to run as root
  ],
};
