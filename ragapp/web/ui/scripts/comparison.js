// Two documents side by side: where the focus is when they come and go, and the topic that they are narrowed to.
"use strict";
(() => {
  const { acts, send, onChange } = ragapp;
  let shown = null;
  const follow = () => {
    const section = document.querySelector("#comparison .comparison");
    const now = section ? section.dataset.pair : null;
    if (now === shown) return;
    const before = shown;
    shown = now;
    if (section && before === null) {
      // a reload comes back to it without taking the focus
      if (document.querySelector("#tab-documents-button[aria-selected='true']")) section.querySelector("h2").focus();
      section.scrollIntoView({ block: "start" });
    }
    // after a reload nothing is ticked any more
    const opener = document.querySelector("#drop [data-act='compare-ticked']:not(:disabled)");
    if (!section) (opener || ragapp.field("documents-search"))?.focus();
  };
  onChange(follow);
  const narrow = () => {
    const box = document.querySelector("#comparison .topic");
    if (box) send("compare", { what: "about", topic: box.value });
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("#comparison .topic")) { event.preventDefault(); narrow(); }
  });
  acts["compare-about"] = narrow;
})();
