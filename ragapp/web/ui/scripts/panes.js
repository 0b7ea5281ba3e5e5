// The panes of the talk: their widths are changed by hand or by keys, they fold and unfold, and the browser remembers it.
"use strict";
(() => {
  const { tr, store, onChange } = ragapp;
  const STEP = 24, NARROWEST_TALK = 340;
  // width in pixels, or of the evidence as a share of the row; `sign` is 1 where the pane stands before its bar
  const PANES = {
    conversations: {
      column: "talks-column", least: 150, sign: 1,
      label: "panes.conversations", shut: "panes.fold_conversations", open: "panes.unfold_conversations",
    },
    evidence: {
      column: "evidence-column", least: 300, sign: -1,
      label: "panes.evidence", shut: "panes.fold_evidence", open: "panes.unfold_evidence",
    },
  };
  const row = () => document.querySelector("#chat-row");
  const column = (name) => document.getElementById(PANES[name].column);
  const folded = (name) => row().classList.contains(`folded-${name}`);

  const most = (name) => {
    const other = name === "evidence" ? "conversations" : "evidence";
    const taken = folded(other) ? 0 : column(other).offsetWidth;
    return Math.max(PANES[name].least, row().clientWidth - taken - NARROWEST_TALK);
  };
  const tell = (name) => {
    const bar = row()?.querySelector(`.pane-bar[data-pane="${name}"]`);
    if (!bar) return;
    const wide = row().clientWidth || 1, shut = folded(name), line = bar.querySelector('[role="separator"]');
    const share = (pixels) => String(Math.round((100 * pixels) / wide));
    line.setAttribute("aria-valuenow", share(shut ? 0 : column(name).offsetWidth));
    line.setAttribute("aria-valuemin", "0");
    line.setAttribute("aria-valuemax", share(most(name)));
    const button = bar.querySelector("button"), label = tr(PANES[name][shut ? "open" : "shut"]);
    button.setAttribute("aria-label", label);
    button.title = label;
    button.setAttribute("aria-expanded", String(!shut));
  };
  const setWidth = (name, pixels) => {
    const width = Math.round(Math.max(PANES[name].least, Math.min(pixels, most(name))));
    const share = ((100 * width) / row().clientWidth).toFixed(2);
    row().style.setProperty(`--${name}`, name === "evidence" ? share + "%" : width + "px");
    row().classList.add(`sized-${name}`);
    store(`pane-${name}`, row().style.getPropertyValue(`--${name}`));
    tell(name);
  };
  const fold = (name, shut) => {
    if (!row() || !column(name) || folded(name) === shut) return;
    row().classList.toggle(`folded-${name}`, shut);
    store(`folded-${name}`, shut ? "1" : "");
    for (const one of Object.keys(PANES)) tell(one);
  };

  const build = (name) => {
    const bar = document.createElement("div"), line = document.createElement("div"), button = document.createElement("button");
    bar.className = "pane-bar";
    bar.dataset.pane = name;
    button.type = "button";
    button.className = "pane-fold";
    button.addEventListener("click", () => fold(name, !folded(name)));
    line.className = "pane-line";
    line.tabIndex = 0;
    for (const [key, value] of [["role", "separator"], ["aria-orientation", "vertical"], ["aria-controls", PANES[name].column], ["aria-label", tr(PANES[name].label)]]) line.setAttribute(key, value);
    const width = () => column(name).offsetWidth, { sign } = PANES[name];
    line.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
      if (steps) { fold(name, false); setWidth(name, width() + sign * steps); }
      else if (event.key === "Home") { fold(name, false); setWidth(name, 0); }
      else if (event.key === "End") { fold(name, false); setWidth(name, Infinity); }
      else if (event.key === "Enter") fold(name, !folded(name));
      else return;
      event.preventDefault();
    });
    line.addEventListener("dblclick", () => {
      row().classList.remove(`sized-${name}`);
      row().style.removeProperty(`--${name}`);
      store(`pane-${name}`, "");
      tell(name);
    });
    line.addEventListener("pointerdown", (event) => {
      if (folded(name) || event.button) return;
      event.preventDefault();
      line.focus();
      line.setPointerCapture(event.pointerId);
      const begun = event.clientX, before = width();
      row().classList.add("resizing");
      const move = (now) => setWidth(name, before + sign * (now.clientX - begun));
      const end = () => {
        row().classList.remove("resizing");
        line.removeEventListener("pointermove", move);
      };
      line.addEventListener("pointermove", move);
      line.addEventListener("lostpointercapture", end, { once: true });
    });
    bar.append(button, line);
    column(name)[sign > 0 ? "after" : "before"](bar);
    const kept = store(`pane-${name}`);
    if (/^\d{1,4}(\.\d{1,2})?(px|%)$/.test(kept || "")) {
      row().style.setProperty(`--${name}`, kept);
      row().classList.add(`sized-${name}`);
    }
    row().classList.toggle(`folded-${name}`, store(`folded-${name}`) === "1");
    tell(name);
  };
  onChange(() => {
    if (!row()) return;
    for (const name of Object.keys(PANES)) {
      if (column(name) && !row().querySelector(`.pane-bar[data-pane="${name}"]`)) build(name);
    }
  });
  addEventListener("resize", () => { if (row()) for (const name of Object.keys(PANES)) tell(name); });
  ragapp.foldPane = fold;
})();
