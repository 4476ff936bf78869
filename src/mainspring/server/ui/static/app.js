// Adds live updates and comfort to pages that work without it. No inline handlers, no state but in localStorage.
"use strict";

document.documentElement.classList.add("script");

// -- live: ask for the page again and put what changed in place

/** Makes `old` like `fresh`, node by node, so that focus, selections and open details stay as they are. */
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id || "") !== (fresh.id || "")) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    const isTheReaders = (name === "open" && old.nodeName === "DETAILS") || name === "data-local";
    if (!fresh.hasAttribute(name) && !isTheReaders) old.removeAttribute(name);
  }
  const before = [...old.childNodes], after = [...fresh.childNodes];
  after.forEach((node, at) => (at < before.length ? morph(before[at], node) : old.append(node)));
  before.slice(after.length).forEach((node) => node.remove());
}
