// What every part of the page shares: who the tab is, buttons in HTML, keys, seconds, language and appearance.
// The other scripts add their buttons to `acts` and what they do when the page has changed by `onChange`.
"use strict";
(() => {
  const { store, language, tr } = ragapp;

  // appearance
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const theme = store("theme") || "system";
    document.body.classList.toggle("dark", theme === "dark" || (theme === "system" && dark.matches));
  };
  dark.addEventListener("change", paint);

  // a tab keeps its name over a reload, so that its work comes back to it
  const tab = (() => {
    const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      // a tab that was duplicated has the name of its parent, but was not reloaded
      const kept = sessionStorage.getItem("ragapp-tab");
      const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
      const name = kept && (again || sessionStorage.getItem("ragapp-gone")) ? kept : random();
      sessionStorage.setItem("ragapp-tab", name);
      sessionStorage.removeItem("ragapp-gone");
      addEventListener("pagehide", () => sessionStorage.setItem("ragapp-gone", "1"));
      return name;
    } catch { return random(); }
  })();

  // Gradio tells the server the address's parameters with whatever it asks; they go again once the page has come
  const address = new URL(location.href);
  for (const [name, value] of [["tab", tab], ["language", language]]) address.searchParams.set(name, value);
  history.replaceState(history.state, "", address);
  const tidy = () => {
    const now = new URL(location.href);
    if (!now.searchParams.has("tab") || !document.querySelector("#header .top")) return;
    for (const name of ["tab", "language"]) now.searchParams.delete(name);
    history.replaceState(history.state, "", now);
  };

  const field = (id) => document.querySelector(`#${id} textarea, #${id} input`);
  // as if a person had typed it
  const fill = (box, text) => {
    const proto = box.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(proto.prototype, "value").set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  let count = 0;
  const send = (wire, values) => {
    const box = field("wire-" + wire);
    if (box) fill(box, JSON.stringify({ ...values, count: ++count }));
    else unsent.push([wire, values]);  // the page is still being made
  };
  const unsent = [];
  const showTab = (name) => document.querySelector(`#tab-${name}-button`)?.click();
  const acts = {
    tab: (values) => showTab(values.tab),
    language: (values) => { store("language", values.language); location.reload(); },
    copy: (values, button) => {
      navigator.clipboard?.writeText(values.text).then(() => {
        const before = button.textContent;
        button.textContent = tr("chat.copied");
        setTimeout(() => (button.textContent = before), 1200);
      });
    },
  };
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    // a link is opened in a new tab as any other
    if (!button || (button.tagName === "A" && (event.ctrlKey || event.metaKey || event.shiftKey))) return;
    event.preventDefault();
    const name = button.dataset.act, values = JSON.parse(button.dataset.values || "{}");
    if (acts[name]) acts[name](values, button);
    else send(name, values);  // to the box of the tab of that name
  });
  addEventListener("change", (event) => {
    const box = event.target;
    if (box.closest?.("#setting-theme")) { store("theme", box.value); paint(); }
    if (box.closest?.("#setting-language")) acts.language({ language: box.value });
  });

  // keys: Esc stops, / focuses
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") document.querySelector("#stop")?.click();
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      showTab("chat");
      setTimeout(() => field("question")?.focus(), 30);
    }
  });

  // seconds count on between two words from the server
  const since = new WeakMap();
  setInterval(() => {
    for (const place of document.querySelectorAll(".seconds[data-started]")) {
      const told = place.dataset.started;
      let entry = since.get(place);
      if (!entry || entry.told !== told) since.set(place, (entry = { told, at: performance.now() - 1000 * told }));
      const shown = Math.floor((performance.now() - entry.at) / 1000) + " s";
      if (place.textContent !== shown) place.textContent = shown;
    }
  }, 250);

  const changed = [];
  const settle = () => {
    tidy();
    paint();
    const theme = document.querySelector(`#setting-theme input[value="${store("theme") || "system"}"]`);
    if (theme && !theme.checked && !theme.dataset.set) { theme.dataset.set = "1"; theme.click(); }
    for (const work of changed) work();
    for (const [wire, values] of unsent.splice(0)) send(wire, values);
    for (const box of document.querySelectorAll('[id^="wire-"]')) box.setAttribute("inert", "");
  };
  Object.assign(ragapp, { acts, field, fill, send, showTab, onChange: (work) => changed.push(work) });
  const start = () => {
    paint();
    // Gradio changes what is there rather than replacing it, so that an attribute may be all that the server's word changes
    const told = ["value", "data-view", "data-state", "data-scope", "data-pair", "data-total", "data-folder"];
    new MutationObserver(settle).observe(document.body, { childList: true, subtree: true, attributeFilter: told });
    settle();
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
