// What the browser does by itself: keys, buttons in HTML, seconds, files that are dropped, language and appearance.
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
  for (const name of ["tab", "language"]) address.searchParams.delete(name);
  const plain = address.href;
  for (const [name, value] of [["tab", tab], ["language", language]]) address.searchParams.set(name, value);
  history.replaceState(null, "", address);
  const tidy = () => {
    if (location.href !== plain && document.querySelector("#header .top")) history.replaceState(null, "", plain);
  };

  const field = (id) => document.querySelector(`#${id} textarea, #${id} input`);
  let count = 0;
  const send = (wire, values) => {
    const box = field("wire-" + wire);
    if (!box) return;
    const proto = box.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(proto.prototype, "value").set.call(box, JSON.stringify({ ...values, count: ++count }));
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const showTab = (name) => document.querySelector(`#tab-${name}-button`)?.click();
  // Gradio makes style.css speak of what lies within its container only, so the body can't carry this
  const mark = (name, on) => document.querySelector("#documents-row")?.classList.toggle(name, on);
  // ticks belong to documents, not to rows: the table is written anew under them
  const ticks = new Set();
  const boxes = () => [...document.querySelectorAll("#documents tbody input[type=checkbox]")];
  const retick = () => {
    const there = new Set(boxes().map((box) => +box.value));
    for (const id of ticks) if (!there.has(id)) ticks.delete(id);
    for (const box of boxes()) if (box.checked !== ticks.has(+box.value)) box.checked = ticks.has(+box.value);
    mark("has-ticked", ticks.size > 0);
  };

  // A question stands in the talk as soon as it is sent: the same markup as the server's first word on it, which then
  // finds nothing to change.  Texts go in as texts.  What the server refuses, it answers with the talk as it was.
  const make = (tag, css, ...inside) => {
    const element = document.createElement(tag);
    if (css) element.className = css;
    element.append(...inside);
    return element;
  };
  const asking = (question, within, again) => {
    const [log, live] = ["log", "live"].map((id) => document.querySelector(`#${id} .prose`));
    if (!log || !live || !question || live.querySelector(".exchange.running")) return;
    const asked = make("div", "asked", make("h2", "", question));
    if (within) asked.append(make("span", "within", within));
    const seconds = make("span", "seconds", "0 s"), stage = make("div", "stage", make("span", "dot"));
    seconds.dataset.started = "0.0";
    stage.setAttribute("role", "status");
    stage.append(make("span", "", tr("stage.searching")), " ", seconds);
    const last = live.querySelector(".exchange");
    if (last && last.dataset.turn !== again) log.append(last);
    live.replaceChildren(make("section", "exchange running", asked, stage));
    pinned = true;
  };
  const askingAgain = (turn) => {
    const asked = document.querySelector(`.exchange[data-turn="${turn}"] .asked`);
    if (asked) asking(asked.querySelector("h2").textContent, asked.querySelector(".within")?.textContent, String(turn));
  };
  const askingAnew = () => {
    const scope = field("scope")?.value || "";
    const within = scope && scope !== tr("chat.everything") ? tr("chat.within").replace("{name}", () => scope) : "";
    asking((field("question")?.value || "").trim(), within);
  };

  const acts = {
    pick: (values) => { send("pick", values); document.querySelector("#evidence-column")?.scrollIntoView({ block: "nearest" }); },
    retry: (values) => { askingAgain(values.turn); send("retry", values); },
    conversations: (values) => {
      send("conversations", values);
      if (innerWidth <= 860) scrollTo(0, 0);
    },
    rename: (values) => {
      const title = prompt(tr("conversations.rename_ask"), values.title);
      if (title && title.trim()) send("conversations", { what: "rename", id: values.id, title });
    },
    forget: (values) => { if (confirm(tr("conversations.delete_ask"))) send("conversations", { what: "delete", id: values.id }); },
    ticked: (values) => { if (ticks.size) send("documents", { ...values, ids: [...ticks] }); },
    tab: (values) => showTab(values.tab),
    language: (values) => { store("language", values.language); location.reload(); },
    "choose-files": () => choose(false),
    "choose-folder": () => choose(true),
    copy: (values, button) => {
      const answer = document.querySelector(`.exchange[data-turn="${values.turn}"] .answer`);
      const copy = answer ? answer.cloneNode(true) : null;
      copy?.querySelectorAll(".mark").forEach((mark) => (mark.textContent = ` [${mark.textContent}]`));
      navigator.clipboard?.writeText(copy ? copy.textContent.trim() : "").then(() => {
        const before = button.textContent;
        button.textContent = tr("chat.copied");
        setTimeout(() => (button.textContent = before), 1200);
      });
    },
  };
  addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) askingAnew();
    const button = event.target.closest?.("[data-act]");
    if (!button) return;
    event.preventDefault();
    const name = button.dataset.act, values = JSON.parse(button.dataset.values || "{}");
    if (acts[name]) acts[name](values, button);
    else send(name, values);  // to the box of the tab of that name
  });
  addEventListener("change", (event) => {
    const box = event.target;
    const rows = box.matches?.(".tick-all") ? boxes() : box.matches?.("#documents tbody input") ? [box] : [];
    for (const row of rows) ticks[box.checked ? "add" : "delete"](+row.value);
    if (rows.length) retick();
    if (box.closest?.("#setting-theme")) { store("theme", box.value); paint(); }
    if (box.closest?.("#setting-language")) acts.language({ language: box.value });
  });

  // keys: Enter sends (Gradio, by the same event), Esc stops, / focuses
  addEventListener("keypress", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#question")) askingAnew();
  }, true);
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

  // the newest words stay in sight while a person has not scrolled away
  let pinned = true;
  const follow = () => {
    const talk = document.querySelector("#talk");
    if (!talk || talk.dataset.followed) return;
    talk.dataset.followed = "1";
    talk.tabIndex = 0;
    talk.setAttribute("role", "log");
    talk.setAttribute("aria-label", tr("tab.chat"));
    talk.addEventListener("scroll", () => { pinned = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60; });
    new MutationObserver(() => {
      if (!pinned) return;
      talk.scrollTop = talk.scrollHeight;
      // an answer that is there whole is read from its beginning
      const done = document.querySelector("#live .exchange:not(.running)");
      const above = done ? talk.getBoundingClientRect().top - done.getBoundingClientRect().top : 0;
      if (above > 0) talk.scrollTop -= above;
    })
      .observe(talk, { childList: true, subtree: true, characterData: true });
  };
  // the marked words come into sight, also on a page that is higher than the column
  const reveal = () => {
    for (const id of ["evidence", "preview"]) {
      const place = document.querySelector(`#${id} .view`);
      const mark = place?.querySelector(".box, mark");
      const name = place ? place.querySelector(".view-title")?.textContent + (place.querySelector("img")?.src || "") + (mark?.getAttribute("style") || mark?.textContent || "") : "";
      const column = document.querySelector(`#${id}-column`);
      if (!column || column.dataset.shown === name) continue;
      column.dataset.shown = name;
      column.scrollTop = 0;
      const below = mark ? mark.getBoundingClientRect().bottom - column.getBoundingClientRect().bottom : -Infinity;
      if (below > -20) column.scrollTop += below + column.clientHeight / 2;
    }
  };

  // files that are dropped or chosen: one after the other, each with how far it is
  const queue = [];
  let sending = null;
  const choose = (folder) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, webkitdirectory: folder });
    input.addEventListener("change", () => add([...input.files].map((file) => [file, file.webkitRelativePath || file.name])));
    input.click();
  };
  const add = (files) => {
    const list = document.querySelector("#drop .uploads");
    for (const [file, path] of files) {
      if (path.split("/").some((part) => part.startsWith("."))) continue;
      const row = document.createElement("li");
      const name = document.createElement("strong"), state = document.createElement("span"), cancel = document.createElement("button");
      name.textContent = path;
      state.textContent = tr("upload.waiting");
      Object.assign(cancel, { type: "button", className: "act tool", textContent: tr("upload.cancel") });
      const entry = { file, path, row, state, cancel, over: false };
      cancel.addEventListener("click", () => { entry.over = true; entry.request?.abort(); state.textContent = tr("upload.cancelled"); cancel.remove(); });
      row.append(name, " ", state, " ", cancel);
      list?.append(row);
      queue.push(entry);
    }
    if (!sending) next();
  };
  const next = () => {
    sending = queue.shift();
    if (!sending) { send("documents", { what: "look" }); return; }
    const entry = sending;
    if (entry.over) { next(); return; }
    const request = (entry.request = new XMLHttpRequest());
    request.open("POST", "/ui/upload");
    request.setRequestHeader("X-Ragapp", "1");
    request.setRequestHeader("X-Path", encodeURIComponent(entry.path));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.total) entry.state.textContent = Math.round((100 * event.loaded) / event.total) + " %";
    });
    request.addEventListener("loadend", () => {
      if (!entry.over) {
        let told = {};
        try { told = JSON.parse(request.responseText); } catch { /* the server has gone */ }
        const fine = request.status === 200;
        entry.state.textContent = fine ? tr("upload.done") : told.error || tr("upload.failed");
        entry.row.classList.add(fine ? "done" : "failed");
        if (fine) setTimeout(() => entry.row.remove(), 4000);
      }
      entry.cancel.remove();
      next();
    });
    request.send(entry.file);
  };
  const walk = async (entry, path) => {
    if (entry.isFile) return [[await new Promise((done, failed) => entry.file(done, failed)), path + entry.name]];
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) break;
      for (const one of some) found.push(...(await walk(one, path + entry.name + "/")));
    }
    return found;
  };
  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark("dropping", true);
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark("dropping", false); });
  addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    mark("dropping", false);
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files].map((file) => [file, file.name]);
    showTab("documents");
    const files = entries.length ? (await Promise.all(entries.map((entry) => walk(entry, "")))).flat() : plain;
    setTimeout(() => add(files), 50);
  });

  const settle = () => {
    tidy();
    paint();
    retick();
    const theme = document.querySelector(`#setting-theme input[value="${store("theme") || "system"}"]`);
    if (theme && !theme.checked && !theme.dataset.set) { theme.dataset.set = "1"; theme.click(); }
    follow();
    reveal();
    for (const box of document.querySelectorAll('[id^="wire-"]')) box.setAttribute("inert", "");
  };
  const start = () => {
    paint();
    new MutationObserver(settle).observe(document.body, { childList: true, subtree: true, attributeFilter: ["value"] });
    settle();
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
