// A client of WebDriver, as far as the tests need it: https://www.w3.org/TR/webdriver2/

/** Begins a session at the driver's address; `run(function, ...values)` calls a function in the page. */
export async function beginSession(driver, capabilities) {
  const { sessionId } = await command(driver, "POST", "/session", { capabilities: { alwaysMatch: capabilities } });
  const session = (method, path, body) => command(driver, method, `/session/${sessionId}${path}`, body);
  return {
    open: (url) => session("POST", "/url", { url }),
    run: (f, ...values) =>
      session("POST", "/execute/sync", { script: `return (${f}).apply(null, arguments)`, args: values }),
    end: () => session("DELETE", ""),
  };
}

async function command(driver, method, path, body) {
  const options = { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(driver + path, options);
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}
