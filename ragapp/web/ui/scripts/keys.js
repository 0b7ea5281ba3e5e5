// The keyboard overview, and what the tab's title tells.
"use strict";
(() => {
  const { acts, tr, onChange } = ragapp;
  const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable]");

  const KEYS = [["Enter", "keys.enter"], ["Shift + Enter", "keys.line"], ["↑", "keys.up"], ["/", "keys.slash"], ["Esc", "keys.escape"], ["Tab", "keys.tab"], ["?", "keys.help"]];
  const overview = () => {
    const make = ragapp.make, frame = document.querySelector(".gradio-container");
    if (!frame || frame.querySelector("#keys")) return;
    const rows = KEYS.flatMap(([key, name]) => [make("dt", "", ...key.split(" + ").flatMap((one, n) => (n ? [" + ", make("kbd", "", one)] : [make("kbd", "", one)]))), make("dd", "", tr(name))]);
    const title = make("h2", "", tr("keys.title")), close = make("button", "act", tr("keys.close"));
    const dialog = make("dialog", "keys", title, make("dl", "", ...rows), close);
    const before = document.activeElement;
    dialog.id = "keys";
    title.id = "keys-title";
    dialog.setAttribute("aria-labelledby", "keys-title");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") event.stopPropagation(); });
    dialog.addEventListener("close", () => { dialog.remove(); before?.focus?.(); });
    frame.append(dialog);
    dialog.showModal();
    close.focus();
  };
  acts.keys = overview;
  addEventListener("keydown", (event) => {
    if (event.key === "?" && !typing(event) && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); overview(); }
    // the last question is edited from the empty box, as known from terminals and other chats
    if (event.key === "ArrowUp" && event.target.closest?.("#question") && !event.target.value && !event.shiftKey) {
      const last = [...document.querySelectorAll("#talk .exchange[data-turn]")].pop();
      if (last) { event.preventDefault(); acts.edit({ turn: +last.dataset.turn }); }
    }
  });

  let answering = false, ready = false, taken = null;
  const seen = () => !document.hidden && document.hasFocus();
  const title = () => {
    const now = ragapp.talkState();
    if (!now) return;
    // what is answered at once was never seen in the making
    const asked = JSON.stringify(now.taken);
    if ((answering || (taken !== null && asked !== taken)) && !now.answering && !seen()) ready = true;
    answering = now.answering;
    taken = asked;
    if (seen()) ready = false;
    const wanted = (ready ? "● " : "") + (now.title ? `${now.title} · ragapp` : "ragapp");
    if (document.title !== wanted) document.title = wanted;
  };
  onChange(title);
  for (const name of ["focus", "visibilitychange"]) addEventListener(name, title, true);
})();
