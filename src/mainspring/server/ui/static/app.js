// Adds live updates and comfort to pages that work without it. No inline handlers, no state but in localStorage.
"use strict";

document.documentElement.classList.add("script");

// -- live: ask for the page again and put what changed in place

/** Makes `old` like `fresh`, node by node, so that focus, selections and open details stay as they are. */
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeName === "TIME" && old.dateTime === fresh.dateTime) return;
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    const isTheReaders = (name === "open" && old.nodeName === "DETAILS") || name === "data-local";
    if (!fresh.hasAttribute(name) && !isTheReaders) old.removeAttribute(name);
  }
  morphChildren(old, [...fresh.childNodes]);
}

/** Children with a key stay the same elements when others come before them. */
function morphChildren(old, after) {
  const known = new Map([...old.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let next = old.firstChild;
  for (const node of after) {
    const same = keyOf(node) ? known.get(keyOf(node)) : next && !keyOf(next) ? next : null;
    if (!same) { old.insertBefore(node, next); continue; }
    if (same === next) next = next.nextSibling; else old.insertBefore(same, next);
    morph(same, node);
  }
  while (next) { const gone = next; next = next.nextSibling; gone.remove(); }
}

function keyOf(node) { return node.dataset?.key || node.id || ""; }

const live = document.getElementById("live");
const liveSwitch = document.getElementById("live-switch");
let lastTag = "";

function ticks() { return [...document.querySelectorAll('input[name="run"]')]; }

async function refresh() {
  const headers = { "X-Fragment": "live" };
  if (lastTag) headers["If-None-Match"] = lastTag;
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (!answer.ok) return answer.status === 304;
  lastTag = answer.headers.get("ETag") || "";
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  const ticked = new Set(ticks().filter((tick) => tick.checked).map((tick) => tick.value));
  const shell = live.cloneNode(false);
  shell.append(fresh.content);
  morph(live, shell);
  for (const tick of ticks()) tick.checked = ticked.has(tick.value);
  decorate();
  return true;
}

/** A page that stands still says so. */
function tellStale(isStale) {
  let notice = document.getElementById("stale");
  if (!isStale) { notice?.remove(); return; }
  if (notice) return;
  notice = document.createElement("p");
  notice.id = "stale"; notice.className = "notice bad"; notice.setAttribute("role", "status");
  notice.textContent = "This page is not up to date. The server is asked again.";
  live.before(notice);
}

if (live) {
  const period = Number(live.dataset.live) || 0;
  const shortest = (period || 5) * 1000;
  let isOn = period > 0 && localStorage.getItem("live") !== "off";
  let pause = shortest;
  const step = async () => {
    if (isOn && !document.hidden) {
      const begun = performance.now();
      let isWell = false;
      try { isWell = await refresh(); } catch (error) { isWell = false; }
      tellStale(!isWell);
      // A slow or failing server is asked less often.
      pause = isWell ? Math.max(shortest, 10 * (performance.now() - begun)) : Math.min(pause * 2, 60000);
    }
    setTimeout(step, pause);
  };
  setTimeout(step, pause);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && isOn) refresh().then((isWell) => tellStale(!isWell), () => tellStale(true)); });
  if (liveSwitch) {
    liveSwitch.checked = isOn;
    liveSwitch.addEventListener("change", () => {
      isOn = liveSwitch.checked;
      if (!isOn) tellStale(false);
      localStorage.setItem("live", isOn ? "on" : "off");
    });
  }
}

// -- times in the reader's zone; the title keeps UTC

const zone = document.getElementById("zone");
const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
let isLocal = localStorage.getItem("times") !== "utc";

function decorate() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const shown = `${time.dateTime} ${isLocal}`;
    if (time.dataset.local === shown) continue;
    time.dataset.local = shown;
    time.title = time.dateTime;
    time.textContent = isLocal ? clock.format(new Date(time.dateTime)) : time.dateTime.slice(0, 19).replace("T", " ");
  }
  zone.textContent = isLocal ? `Times: ${clock.resolvedOptions().timeZone}` : "Times: UTC";
  count();
}

zone.addEventListener("click", () => {
  isLocal = !isLocal;
  localStorage.setItem("times", isLocal ? "local" : "utc");
  decorate();
});

// -- selection

function count() {
  const bulk = document.getElementById("bulk");
  if (!bulk) return;
  const all = ticks(), chosen = all.filter((tick) => tick.checked).length;
  bulk.classList.toggle("some", chosen > 0);
  document.getElementById("selected-count").textContent = `${chosen} selected:`;
  const whole = document.getElementById("tick-all");
  whole.checked = chosen > 0 && chosen === all.length;
  whole.indeterminate = chosen > 0 && chosen < all.length;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "tick-all") for (const tick of ticks()) tick.checked = event.target.checked;
  if (event.target.id === "tick-all" || event.target.name === "run") count();
});

// -- keys: / search, j and k through the rows, x select, Enter open

let at = -1;

function go(step) {
  const rows = [...document.querySelectorAll("table.list tbody tr")];
  if (!rows.length) return;
  at = Math.min(Math.max(at + step, 0), rows.length - 1);
  rows.forEach((row, number) => row.classList.toggle("at", number === at));
  rows[at].querySelector("a")?.focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
  const query = document.getElementById("query");
  if (event.key === "/" && query) { query.focus(); query.select(); event.preventDefault(); }
  else if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "x" && at >= 0) document.querySelectorAll("table.list tbody tr")[at]?.querySelector("input")?.click();
});

// An open menu closes on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// -- saved views, in this browser

const saveView = document.getElementById("save-view");

function views() {
  try { return JSON.parse(localStorage.getItem("views") || "{}"); } catch (error) { return {}; }
}

function showViews() {
  const list = document.getElementById("saved-views");
  list.replaceChildren();
  for (const [name, search] of Object.entries(views())) {
    const item = document.createElement("li"), link = document.createElement("a"), drop = document.createElement("button");
    link.href = "/workflows?" + new URLSearchParams(search);
    link.textContent = name;
    drop.type = "button"; drop.className = "plain"; drop.textContent = "✕";
    drop.setAttribute("aria-label", `Forget ${name}`);
    drop.addEventListener("click", (event) => {
      const kept = views(); delete kept[name];
      localStorage.setItem("views", JSON.stringify(kept));
      event.stopPropagation(); showViews();
    });
    item.append(link, drop);
    list.append(item);
  }
}

if (saveView) {
  showViews();
  saveView.addEventListener("submit", (event) => {
    event.preventDefault();
    const search = new URLSearchParams(location.search);
    search.delete("page");
    const name = document.getElementById("view-name");
    localStorage.setItem("views", JSON.stringify({ ...views(), [name.value]: search.toString() }));
    name.value = "";
    showViews();
  });
}

// -- completion in the query bar

const query = document.getElementById("query");
if (query) completing(query);

function completing(input) {
  let known = null, list = null, picked = 0, found = [];
  const words = async () => (known ??= fetch(input.dataset.words).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));

  /** What could stand where the caret is: [text to put, note], and where the word begins. */
  function candidates(all, before) {
    const value = /([\w.]+)\s*(?:=|!=|IN\s*\((?:[^()]*,)?|STARTS_WITH)\s*(["']?)([^"',()]*)$/i.exec(before);
    const attribute = value && all.attributes.find((each) => each.name === value[1]);
    if (attribute) {
      const typed = value[3].trimStart().toLowerCase(), from = before.length - value[2].length - value[3].trimStart().length;
      const isText = !["Int", "Double", "Bool"].includes(attribute.type);
      const shown = attribute.type === "Bool" ? ["true", "false"] : attribute.values;
      return { from, items: shown.filter((each) => each.toLowerCase().startsWith(typed)).map((each) => [isText ? JSON.stringify(each) : each, ""]) };
    }
    if ((before.match(/(?<!\\)"/g) || []).length % 2) return { from: 0, items: [] };
    const word = /[\w.]*$/.exec(before)[0], typed = word.toLowerCase();
    const names = all.attributes.map((each) => [each.name, each.type]).concat(all.words.map((each) => [each, ""]));
    return { from: before.length - word.length, items: word ? names.filter(([name]) => name.toLowerCase().startsWith(typed) && name !== word) : [] };
  }

  function close() { list?.remove(); list = null; input.setAttribute("aria-expanded", "false"); }

  function put(text) {
    const end = input.selectionStart, rest = input.value.slice(end);
    input.value = input.value.slice(0, found.from) + text + " " + rest;
    input.setSelectionRange(found.from + text.length + 1, found.from + text.length + 1);
    close();
  }

  function paint() {
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === picked)));
    list.children[picked]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `suggestion-${picked}`);
  }

  async function suggest() {
    const all = await words();
    if (!all || document.activeElement !== input) return;
    found = candidates(all, input.value.slice(0, input.selectionStart));
    found.items = found.items.slice(0, 12);
    close();
    if (!found.items.length) return;
    list = document.createElement("ul");
    list.className = "suggestions"; list.id = "suggestions"; list.setAttribute("role", "listbox");
    found.items.forEach(([text, note], number) => {
      const item = document.createElement("li"), type = document.createElement("span");
      item.id = `suggestion-${number}`; item.setAttribute("role", "option");
      item.textContent = text; type.className = "quiet"; type.textContent = note;
      item.append(type);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); put(text); });
      list.append(item);
    });
    picked = 0;
    input.closest("form").append(list);
    input.setAttribute("aria-expanded", "true");
    paint();
  }

  input.setAttribute("role", "combobox"); input.setAttribute("aria-controls", "suggestions"); input.setAttribute("aria-expanded", "false");
  input.addEventListener("input", suggest);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (!list) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      picked = (picked + (event.key === "ArrowDown" ? 1 : list.children.length - 1)) % list.children.length;
      paint(); event.preventDefault();
    } else if (event.key === "Tab" || (event.key === "Enter" && found.items.length)) {
      put(found.items[picked][0]); event.preventDefault();
    } else if (event.key === "Escape") { close(); event.stopPropagation(); }
  });
}

decorate();
