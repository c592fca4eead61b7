// The dashboard: header, the page that the address names, keys, and what is said when the connection is lost.
import { html, render, useEffect, useState } from "./ui/html.js";
import { ErrorBox } from "./ui/error.js";
import { connected, fault } from "./live.js";
import { begin, enter, may, me, problem } from "./session.js";
import { follow, path } from "./url.js";
import { KeyHelp, listen } from "./ui/keys.js";

/** @type {[string, string][]} */
const LINKS = [["/", "Runs"], ["/compare", "Compare"], ["/studies", "Studies"], ["/machines", "Machines"], ["/launch", "Start a run"], ["/workers", "Workers"], ["/status", "Status"]];
/** Pages are loaded when they are opened. @type {[RegExp, () => Promise<any>, string][]} */
const PAGES = [
  [/^\/$/, () => import("./pages/runs.js"), "Runs"],
  [/^\/compare$/, () => import("./pages/compare.js"), "Compare"],
  [/^\/runs\/([0-9A-Z]{26})$/, () => import("./pages/run.js"), "Run"],
  [/^\/studies$/, () => import("./pages/studies.js"), "Studies"],
  [/^\/studies\/([0-9A-Z]{26})$/, () => import("./pages/study.js"), "Study"],
  [/^\/machines$/, () => import("./pages/machines.js"), "Machines"],
  [/^\/machines\/([^/]+)$/, () => import("./pages/machine.js"), "Machine"],
  [/^\/launch$/, () => import("./pages/launch.js"), "Start a run"],
  [/^\/launch\/([^/]+)$/, () => import("./pages/launch_form.js"), "Start a run"],
  [/^\/views\/(.+)$/, () => import("./pages/views.js"), "View"],
  [/^\/workers$/, () => import("./pages/workers.js"), "Workers"],
  [/^\/status$/, () => import("./pages/status.js"), "Status"],
];

function App() {
  if (me.value === null) return problem.value ? html`<${Login} />` : html`<p class="loading muted">loading …</p>`;
  return html`<${Header} /><main id="main" tabindex="-1"><${Page} key=${pageKey(path.value)} /></main><${KeyHelp} />`;
}

/** @param {string} address */
const pageKey = (address) => PAGES.findIndex(([pattern]) => pattern.test(address));

function Header() {
  const here = path.value;
  const lost = connected.value === false;
  return html`<header class="top" onClick=${follow}>
    <a class="skip" href="#main">Skip to content</a>
    <a class="brand" href="/" aria-label="MOSAIC, runs"><img src="/static/icon.svg" alt="" width="16" height="16" /> MOSAIC</a>
    <nav aria-label="Pages">
      ${LINKS.filter(([to]) => to !== "/launch" || may("run")).map(([to, name]) => {
        const active = to === "/" ? here === "/" || here.startsWith("/runs/") : here.startsWith(to);
        return html`<a href=${to} aria-current=${active ? "page" : undefined}>${name}</a>`;
      })}
    </nav>
    <span class="where muted" title=${`MOSAIC ${me.value.version}, as ${me.value.name} (${me.value.role})`}><bdi>${me.value.where}</bdi></span>
    <${ThemeButton} />
  </header>
  ${lost && html`<div class="banner" role="status">The connection is lost; what is shown may be old. Trying again …</div>`}
  ${!lost && fault.value && html`<div class="banner" role="status">${fault.value.what}. ${fault.value.next}</div>`}`;
}

function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? "");
  useEffect(() => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("theme", theme);
    dispatchEvent(new Event("themechange"));
  }, [theme]);
  const next = { "": "light", light: "dark", dark: "" }[theme] ?? "";
  const name = { "": "system", light: "light", dark: "dark" }[theme];
  return html`<button type="button" class="quiet" title="Theme" onClick=${() => setTheme(next)}>theme: ${name}</button>`;
}

function Page() {
  const [loaded, setLoaded] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const found = PAGES.find(([pattern]) => pattern.test(path.value));
  useEffect(() => {
    if (!found) return;
    document.title = `${found[2]} · MOSAIC`;
    // The next Tab goes into the page, past the header.
    document.getElementById("main")?.focus({ preventScroll: true });
    found[1]().then((module) => setLoaded(() => module.default), setError);
  }, []);
  if (!found) return html`<p class="empty">There is no such page. <a href="/" onClick=${follow}>All runs</a></p>`;
  if (error) return html`<${ErrorBox} error=${error} retry=${() => location.reload()} />`;
  const match = found[0].exec(path.value);
  return loaded && html`<${loaded} key=${path.value} name=${match?.[1] ?? ""} />`;
}

function Login() {
  const [token, setToken] = useState("");
  const refused = problem.value?.status === 401;
  return html`<main class="login">
    <h1>MOSAIC</h1>
    ${!refused && html`<${ErrorBox} error=${problem.value} retry=${begin} />`}
    <form onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); enter(token.trim()); }}>
      <label for="token">Token</label>
      <input id="token" type="password" autocomplete="off" autofocus value=${token}
        onInput=${(/** @type {any} */ event) => setToken(event.target.value)} />
      <button type="submit">Enter</button>
    </form>
    <p class="muted">The token stands in the address that <code>mosaic web</code> printed, behind <code>#token=</code>.
      ${refused && token && html`<strong> This one is wrong.</strong>`}</p>
  </main>`;
}

listen();
begin();
const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(html`<${App} />`, root);
}
