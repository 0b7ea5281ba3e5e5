// The documents: ticks, files that are dropped or chosen, text that is pasted, a file's password.
"use strict";
(() => {
  const { acts, send, showTab, tr, onChange, language } = ragapp;
  const number = (value) => new Intl.NumberFormat(language).format(value);
  const told = (key, values) => tr(key).replace(/{(\w+)}/g, (whole, name) => values[name] ?? whole);
  const make = (tag, css, text) => Object.assign(document.createElement(tag), { className: css || "", textContent: text || "" });
  const button = (label, css, work) => {
    const made = Object.assign(make("button", "act " + css, label), { type: "button" });
    made.addEventListener("click", work);
    return made;
  };
  // Gradio makes the style sheets speak of what lies within its container only
  const home = () => document.querySelector(".gradio-container");

  // ticks belong to documents, not to rows: they stay when the list is turned, sorted or written anew
  const ticks = new Set();
  let every = false;
  const boxes = () => [...document.querySelectorAll("#documents tbody input[type=checkbox]")];
  const forget = () => { ticks.clear(); every = false; retick(); };
  const set = (node, key, value) => { if (node && node[key] !== value) node[key] = value; };
  const retick = () => {
    const rows = boxes();
    for (const box of rows) set(box, "checked", every || ticks.has(+box.value));
    const head = document.querySelector("#documents .tick-all");
    const some = rows.filter((box) => box.checked).length;
    set(head, "checked", rows.length > 0 && some === rows.length);
    set(head, "indeterminate", some > 0 && some < rows.length);
    const line = document.querySelector("#documents .ticked"), row = document.querySelector("#documents-row");
    const any = every || ticks.size > 0;
    if (row && row.classList.contains("has-ticked") !== any) row.classList.toggle("has-ticked", any);
    for (const tool of document.querySelectorAll("#drop .needs-tick")) set(tool, "disabled", !any);
    for (const tool of document.querySelectorAll("#drop .needs-two")) set(tool, "disabled", every || ticks.size !== 2);
    if (!line) return;
    const total = +line.dataset.total, key = any ? `${every}/${ticks.size}/${total}/${rows.length}` : "";
    if (line.dataset.shown === key && line.hidden === !any && (!any || line.childElementCount)) return;
    line.dataset.shown = key;
    line.hidden = !any;
    line.replaceChildren();
    if (!any) return;
    line.append(every ? told("ticks.every", { n: number(total) }) : told("ticks.count", { n: number(ticks.size) }), " ");
    if (!every && total > rows.length && rows.every((box) => box.checked)) {
      line.append(button(told("ticks.all", { n: number(total) }), "tool strong", () => { every = true; retick(); }), " ");
    }
    line.append(button(tr("ticks.none"), "tool", forget));
  };
  onChange(retick);
  addEventListener("change", (event) => {
    const box = event.target;
    const rows = box.matches?.(".tick-all") ? boxes() : box.matches?.("#documents tbody input[type=checkbox]") ? [box] : [];
    if (every && rows.length) { every = false; for (const row of boxes()) ticks.add(+row.value); }
    for (const row of rows) ticks[box.checked ? "add" : "delete"](+row.value);
    if (rows.length) retick();
    if (box.matches?.(".narrow")) send("documents", { what: "narrow", kind: box.dataset.kind, value: box.value });
    if (box.matches?.(".warning-kind")) send("documents", { what: "warning", kind: box.value });
  });
  // another search or filter is another list: "all of it" would be something else
  const other = (event) => { if (every && event.target.closest?.("#documents-search, #documents-filters")) forget(); };
  addEventListener("input", other);
  addEventListener("click", other, true);

  // what was sent is told on every tab; what was refused stays until it is read
  let panel = null;
  const uploads = () => {
    if (!panel) {
      panel = make("section", "upload-panel");
      panel.setAttribute("aria-label", tr("upload.title"));
      const bar = make("div", "upload-bar");
      bar.append(make("strong", "", tr("upload.title")), button(tr("upload.show"), "tool", () => showTab("documents")));
      panel.append(bar, Object.assign(make("ul", "uploads"), { ariaLive: "polite" }));
    }
    if (panel.parentNode !== home()) home()?.append(panel);
    panel.hidden = !panel.querySelector("li");
    return panel.querySelector("ul");
  };
  const drop = (row) => { row.remove(); uploads(); };
  const refuse = (entry, reason) => {
    entry.state.textContent = reason;
    entry.row.classList.add("failed");
    entry.cancel.replaceWith(button(tr("upload.dismiss"), "tool", () => drop(entry.row)));
  };

  // one after the other, each with how far it is
  const queue = [];
  let sending = null;
  const choose = (folder) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, webkitdirectory: folder });
    input.addEventListener("change", () => add([...input.files].map((file) => [file, file.webkitRelativePath || file.name])));
    input.click();
  };
  const zone = () => document.querySelector("#drop .drop-zone");
  const add = (files) => {
    const list = uploads(), most = +(zone()?.dataset.mostMb || 0);
    for (const [file, path] of files) {
      if (path.split("/").some((part) => part.startsWith("."))) continue;
      const row = make("li"), state = make("span", "", tr("upload.waiting"));
      const entry = { file, path, row, state, over: false };
      entry.cancel = button(tr("upload.cancel"), "tool", () => {
        entry.over = true;
        entry.request?.abort();
        drop(row);
      });
      row.append(make("strong", "", path), " ", state, " ", entry.cancel);
      list.append(row);
      // a server that refuses while it is being sent to can't be heard
      if (most && file.size > most * 1048576) refuse(entry, told("upload.too_large", { mb: number(most) }));
      else queue.push(entry);
    }
    uploads();
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
    request.setRequestHeader("X-Language", ragapp.language);
    // half of a surrogate pair, as some systems allow in names, can't be sent
    const name = entry.path.toWellFormed?.() ?? entry.path.replace(/[\ud800-\udfff](?![\udc00-\udfff])/g, "_");
    try { request.setRequestHeader("X-Path", encodeURIComponent(name)); } catch { request.setRequestHeader("X-Path", "_"); }
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.total) entry.state.textContent = Math.round((100 * event.loaded) / event.total) + " %";
    });
    request.addEventListener("loadend", () => {
      if (!entry.over) {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* the server has gone */ }
        if (request.status === 200) {
          entry.state.textContent = tr("upload.done");
          entry.row.classList.add("done");
          entry.cancel.remove();
          setTimeout(() => drop(entry.row), 4000);
        } else refuse(entry, answer.error || tr("upload.failed"));
      }
      next();
    });
    request.send(entry.file);
  };
  addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });

  const walk = async (entry, path) => {
    if (entry.isFile) return [[await new Promise((done, failed) => entry.file(done, failed)), path + entry.name]];
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) break;
      for (const one of some) found.push(...(await walk(one, path + entry.name + "/").catch(() => [])));
    }
    return found;
  };

  // files may be dropped anywhere, on every tab, and that is seen
  let overlay = null;
  const cover = (on) => {
    if (on && !overlay) {
      overlay = make("div", "drop-overlay");
      overlay.append(make("p", "drop-title", tr("drop.here")));
      const folder = zone()?.dataset.folder;
      if (folder) overlay.append(make("p", "note", told("drop.where", { folder })));
      home()?.append(overlay);
    }
    if (!on && overlay) { overlay.remove(); overlay = null; }
  };
  let last = 0;
  // a browser does not always tell that a drag has ended elsewhere
  setInterval(() => { if (overlay && performance.now() - last > 1500) cover(false); }, 500);
  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    last = performance.now();
    cover(true);
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) cover(false); });
  addEventListener("drop", async (event) => {
    cover(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files].map((file) => [file, file.name]);
    add(entries.length ? (await Promise.all(entries.map((entry) => walk(entry, "").catch(() => [])))).flat() : plain);
  });

  // forms
  const form = (node) => node.closest(".confirm");
  const unlock = async (values, pressed) => {
    const box = form(pressed), line = box.querySelector(".told"), field = box.querySelector("input[type=password]");
    if (!field.value) { field.focus(); return; }
    line.textContent = tr("password.trying");
    pressed.disabled = true;
    let answer = {};
    try {
      const body = JSON.stringify({ path: values.path, password: field.value, keep: box.querySelector(".keep").checked });
      const headers = { "X-Ragapp": "1", "Content-Type": "application/json" };
      answer = await (await fetch("/ui/unlock", { method: "POST", headers, body })).json();
    } catch { answer = { error: tr("upload.failed") }; }
    pressed.disabled = false;
    if (answer.opened) { field.value = ""; send("documents", { what: "cancel" }); return; }
    line.textContent = answer.error || tr("password.wrong");
    line.classList.add("wrong");
    field.select();
  };
  // an address alone, of a page or a file, is no document: it would be kept in the place of what it leads to
  const ADDRESS = /^(?:(?:https?|ftp|file):\/\/|www\.)\S+$|^(?:\/|~\/|[a-z]:\\|\\\\)[^\n]*\.\w{1,5}$/i;
  const paste = (values, pressed) => {
    const box = form(pressed), title = box.querySelector("input"), text = box.querySelector("textarea");
    const wrong = !text.value.trim() ? "paste.empty" : ADDRESS.test(text.value.trim()) ? "paste.address" : "";
    if (wrong) {
      box.querySelector(".told").textContent = tr(wrong);
      text.focus();
      return;
    }
    const first = text.value.trim().split("\n")[0].replace(/^#+\s*/, "").slice(0, 60).trim();
    const heading = title.value.trim() || first || tr("paste.untitled");
    const name = heading.replace(/[/\\:*?"<>|#\n\t]+/g, " ").replace(/\s+/g, " ").trim().replace(/^\.+/, "") || tr("paste.untitled");
    add([[new File([`# ${heading}\n\n${text.value}\n`], name + ".md", { type: "text/markdown" }), name + ".md"]]);
    send("documents", { what: "cancel" });
  };
  addEventListener("keydown", (event) => {
    const box = event.target.closest?.(".confirm");
    if (!box) return;
    if (event.key === "Escape") { event.stopPropagation(); send("documents", { what: "cancel" }); }
    if (event.key === "Enter" && event.target.dataset.enter) {
      event.preventDefault();
      box.querySelector(`[data-act="${event.target.dataset.enter}"]`)?.click();
    }
  }, true);

  // what is asked comes into sight and has the focus; so does what is looked at, where it covers the list
  let asked = null, viewed = null, opener = null;
  const reveal = () => {
    const box = document.querySelector("#confirm .confirm");
    if (box !== asked) {
      if (box) {
        box.scrollIntoView({ block: "nearest" });
        (box.querySelector(".field") || box.querySelector(".buttons button"))?.focus();
      }
      asked = box;
    }
    const view = document.querySelector("#preview .preview-bar");
    if (!view !== !viewed) {
      if (view && getComputedStyle(document.querySelector("#preview-column")).position === "fixed") view.querySelector("button").focus();
      if (!view && opener?.isConnected) opener.focus();
      viewed = view;
    }
  };
  onChange(reveal);
  addEventListener("click", (event) => {
    const name = event.target.closest?.("#documents .act.name, #comparison [data-act='documents']");
    if (name) opener = name;
  }, true);

  const label = (values, pressed) => {
    const field = pressed.closest(".give").querySelector("input");
    if (!field.value.trim()) { field.focus(); return; }
    send("documents", { ...values, name: field.value });
    field.value = "";
    field.focus();
  };
  Object.assign(acts, {
    "label-tag": label,
    "label-collect": label,
    ticked: (values) => {
      if (!every && !ticks.size) return;
      send("documents", every ? { ...values, all: true } : { ...values, ids: [...ticks] });
    },
    "compare-ticked": () => { if (!every && ticks.size === 2) send("compare", { what: "open", ids: [...ticks] }); },
    unlock,
    paste,
    "choose-files": () => choose(false),
    "choose-folder": () => choose(true),
  });
  // what was removed is not ticked any more
  addEventListener("click", (event) => {
    const pressed = event.target.closest?.('#confirm [data-act="documents"]');
    const what = pressed && JSON.parse(pressed.dataset.values).what;
    if (what === "remove" || what === "erase") forget();
  });
})();
