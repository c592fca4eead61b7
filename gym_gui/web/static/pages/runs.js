// The list of runs: searched, sorted, folded by seeds; the selected ones are drawn above it.
import { html, useEffect, useMemo, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { useKeys } from "../ui/keys.js";
import { later } from "../ui/later.js";
import { address, call } from "../api.js";
import { count } from "../format.js";
import { subscribe } from "../live.js";
import { may } from "../session.js";
import { StatisticChoice } from "../ui/statistic.js";
import { change, follow, go, parameters, shortId } from "../url.js";
import { RunTable, saveRows } from "./runs_table.js";
import { ColumnMenu, GroupChoice } from "./runs_choice.js";
import { furtherNames, shownColumns } from "./runs_columns.js";
import { BulkBar } from "./runs_bulk.js";
import { ViewMenu } from "./views.js";

const SelectedChart = later(() => import("./runs_chart.js"), "SelectedChart");
const PAGE = 50;
const POINTS = 40;
/** Runs that can be selected at once. */
const MOST = 200;
/** Sorts that are offered where the table's headers are not shown. @type {[string, string][]} */
const SORTS = [["-created", "newest"], ["-return", "highest return"], ["-best", "best return"], ["-steps", "most steps"], ["name", "name"], ["state", "state"]];

export default function Runs() {
  const query = parameters.value.get("q") ?? "";
  const sort = parameters.value.get("sort") ?? "-created";
  const groupBy = parameters.value.get("group") ?? "variant";
  const limit = Number(parameters.value.get("n")) || PAGE;
  /** Ends of the ids: addresses stay short. */
  const selected = useMemo(() => (parameters.value.get("sel") ?? "").split(",").filter(Boolean).map(shortId), [parameters.value.get("sel")]);
  const columns = shownColumns();
  const { page, error, fresh, update, reload } = useRuns(query, sort, groupBy, limit, furtherNames(columns).join(","));
  const [focus, setFocus] = useState(-1);
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const rows = page ? rowsOf(page, groupBy) : [];

  const select = (/** @type {string[]} */ ids, /** @type {boolean} */ on) => {
    const ends = ids.map(shortId);
    const others = selected.filter((end) => !ends.includes(end));
    change({ sel: (on ? [...others, ...ends] : others).slice(0, MOST).join(",") });
  };
  const isSelected = (/** @type {string} */ id) => selected.includes(shortId(id));
  /** @type {import("./runs_table.js").Row | undefined} */
  const chosen = rows[focus];
  useKeys({
    "/": { about: "search", act: () => search.current?.focus() },
    j: { about: "next run", act: () => setFocus(Math.min(focus + 1, rows.length - 1)) },
    k: { about: "previous run", act: () => setFocus(Math.max(focus - 1, 0)) },
    x: { about: "select", act: () => chosen && select(chosen.ids, !chosen.ids.every(isSelected)) },
    c: { about: "compare the selected runs", act: () => selected.length && go(compared(selected, groupBy)) },
    Enter: { about: "open", act: () => chosen && go(`/runs/${chosen.run.id}`) },
  }, [focus, rows, selected]);

  // The tools are last for the keyboard, which is to reach the runs in few steps, and above them for the eye.
  return html`<div class="list" onClick=${follow}>
    <form class="bar" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <h1 class="skip">Runs</h1>
      <${QueryBox} query=${query} input=${search} />
      <${GroupChoice} value=${groupBy} />
      <select class="cards" aria-label="Sort" value=${sort} onChange=${(/** @type {any} */ event) => change({ sort: event.target.value })}>
        ${SORTS.map(([value, name]) => html`<option value=${value}>${name}</option>`)}
      </select>
      ${fresh > 0 && html`<button type="button" onClick=${update}>${fresh} new</button>`}
    </form>
    ${error && html`<${ErrorBox} error=${error} retry=${error.status === 422 ? undefined : reload} />`}
    ${selected.length > 0 && html`<${BulkBar} ends=${selected} rows=${rows} compare=${compared(selected, groupBy)} clear=${() => change({ sel: null })} done=${reload} />
      <${SelectedChart} ends=${selected} rows=${rows} folded=${groupBy !== "none"} />`}
    ${page && rows.length > 0 && html`<${RunTable} rows=${rows} columns=${columns} sort=${sort} selected=${isSelected} select=${select} focus=${focus} />`}
    ${page && rows.length === 0 && html`<p class="empty">${query
      ? html`No run matches. <a href="/">Show all runs</a>`
      : html`No runs yet. ${may("run") && html`<a class="button primary" href="/launch">Start the first one</a> or, `}on the command line: <code>mosaic train random</code>`}</p>`}
    ${page?.cursor && html`<p><button type="button" onClick=${() => change({ n: String(limit + 100) })}>Show more</button></p>`}
    <div class="bar tools">
      <span class="muted" aria-live="polite">${page ? total(page, groupBy) : error ? "" : "loading …"}</span>
      ${groupBy !== "none" && html`<span class="wide"><${StatisticChoice} /></span>`}
      <${ColumnMenu} /><${ViewMenu} />
      ${rows.length > 0 && html`<button type="button" class="wide" onClick=${() => saveRows(rows, columns)}>CSV</button>`}
    </div>
  </div>`;
}

/** @param {{query: string, input: any}} props */
function QueryBox({ query, input }) {
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  useEffect(() => {
    if (text === query) return undefined;
    const timer = setTimeout(() => change({ q: text, n: null }), 200);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<input ref=${input} class="grow" type="search" aria-label="Search runs" placeholder="env:CartPole* return>400 -state:failed" title="Press / to search"
    value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)} spellcheck=${false} />`;
}

/** Reads a page and keeps it up to date; runs that are new wait until they are asked for, if the page was scrolled.
 * @param {string} query @param {string} sort @param {string} groupBy @param {number} limit @param {string} columns */
function useRuns(query, sort, groupBy, limit, columns) {
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState({ key: "", error: /** @type {any} */ (null) });
  /** How often the page was asked for beside the stream. */
  const [asks, setAsks] = useState({ key: "", turn: 0 });
  const asked = { q: query, sort, limit, points: POINTS, group_by: groupBy === "none" ? "" : groupBy, columns };
  const key = JSON.stringify(asked);
  /** All that is known, new runs included; what is shown may lack them. */
  const known = useRef({ key: "", page: /** @type {any} */ (null) });
  const shown = useRef(/** @type {any} */ (null));
  shown.current = page;
  const error = failed.key === key ? failed.error : null;
  const turn = asks.key === key ? asks.turn : 0;
  const setError = (/** @type {any} */ fault) => setFailed((old) => (old.error === fault ? old : { key, error: fault }));
  const ask = () => setAsks((old) => ({ key, turn: old.key === key ? old.turn + 1 : 1 }));
  // The stream begins with the whole page: it is asked for only where the stream does not come, and once more after a change.
  useEffect(() => {
    if (turn === 0) return undefined;
    const stop = new AbortController();
    call(address("/runs", asked), { signal: stop.signal }).then(
      (found) => {
        setError(null);
        known.current = { key, page: found };
        setPage(found);
      },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    return () => stop.abort();
  }, [key, turn]);
  useEffect(() => {
    if (error?.status === 422) return undefined;
    if (known.current.key !== key) known.current = { key, page: null };
    return subscribe({ ...asked, list: true }, {
      list: (news) => {
        const first = known.current.page === null;
        const next = merged(known.current.page ?? { runs: [], groups: [] }, news);
        known.current = { key, page: next };
        const before = shown.current;
        const waits = !first && before && scrollY > 200 && ids(next).some((id) => !ids(before).includes(id));
        setPage(waits ? kept(before, next) : next);
        setError(null);
      },
      broken: () => { if (known.current.page === null) ask(); },
    });
  }, [key, error?.status === 422]);
  const latest = known.current.page;
  return {
    page, error,
    fresh: latest && page ? ids(latest).filter((/** @type {string} */ id) => !ids(page).includes(id)).length : 0,
    update: () => { setPage(known.current.page); scrollTo(0, 0); },
    reload: ask,
  };
}

/** @param {any} page @returns {string[]} */
const ids = (page) => (page.groups.length ? page.groups.flatMap((/** @type {any} */ group) => group.ids) : page.runs.map((/** @type {any} */ run) => run.id));

/** A page after an update that holds changed rows alone.
 * @param {any} page @param {any} news */
function merged(page, news) {
  const rows = new Map([...page.runs, ...news.runs].map((run) => [run.id, run]));
  return {
    runs: news.ids.map((/** @type {string} */ id) => rows.get(id)).filter(Boolean),
    groups: news.groups ?? page.groups,
    total: news.total, groups_total: news.groups_total, cursor: news.cursor,
  };
}

/** The rows of a page with newer values, and no row that was not there.
 * @param {any} page @param {any} next */
function kept(page, next) {
  const rows = new Map(next.runs.map((/** @type {any} */ run) => [run.id, run]));
  const groups = new Map(next.groups.map((/** @type {any} */ group) => [JSON.stringify(group.key), group]));
  return {
    ...page,
    runs: page.runs.map((/** @type {any} */ run) => rows.get(run.id) ?? run),
    groups: page.groups.map((/** @type {any} */ group) => groups.get(JSON.stringify(group.key)) ?? group),
  };
}

/** What the table shows: a row for each run, or for each group.
 * @param {any} page @param {string} groupBy */
function rowsOf(page, groupBy) {
  if (groupBy === "none") return page.runs.map((/** @type {any} */ run) => ({ key: run.id, ids: [run.id], run, group: null, values: run.values }));
  return page.groups.map((/** @type {any} */ group) => ({
    key: JSON.stringify(group.key),
    ids: group.ids,
    run: group.newest,
    group: group.ids.length > 1 || groupBy !== "variant" ? group : null,
    band: group.band,
    values: group.values,
    far: group.far.length > 0,
    by: groupBy,
  }));
}

/** @param {any} page @param {string} groupBy */
function total(page, groupBy) {
  const runs = `${count(page.total)} run${page.total === 1 ? "" : "s"}`;
  if (groupBy === "none" || page.groups_total === page.total) return runs;
  return `${runs}, ${count(page.groups_total)} line${page.groups_total === 1 ? "" : "s"}`;
}

/** The address that compares runs, those of one row together. @param {string[]} ends @param {string} groupBy */
const compared = (ends, groupBy) => `/compare?runs=${ends.join(",")}${groupBy === "variant" && ends.length > 1 ? "&by=seeds" : ""}`;
