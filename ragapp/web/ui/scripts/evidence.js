// Which document stands beside the talk or in the preview: what the server's answer names, or what the address names.
"use strict";
(() => {
  const { acts, send, onChange, language } = ragapp;
  const SMALL = matchMedia("(max-width: 860px)");
  const NAMES = ["document", "page", "mark", "seal"];
  const viewers = {}, shown = {};
  let linked = null;  // what the address names, while it is shown
  let last = "", from = null, touched = false;

  const row = () => document.querySelector("#chat-row");
  const viewer = (id) => {
    const host = document.getElementById(id);
    if (!host) return null;
    const column = document.getElementById(id + "-column") || host;
    if (!viewers[id] || !viewers[id].element.isConnected) {
      viewers[id] = new ragapp.Viewer(host, { closed: () => close(id), moved: (one) => moved(id, one) });
    }
    viewers[id].column = column;
    return viewers[id];
  };

  // what the server has put there
  const follow = () => {
    for (const id of ["evidence", "preview"]) {
      const host = document.getElementById(id);
      if (!host) continue;
      const told = host.querySelector(".view-data")?.dataset.view || "";
      if (told === (shown[id] || "")) continue;
      shown[id] = told;
      const chip = host.querySelector(".chip.chosen"), chips = chip?.parentElement;
      if (chips) chips.scrollTop = chip.offsetTop - chips.offsetTop - (chips.clientHeight - chip.offsetHeight) / 2;
      // a conversation that comes back by itself does not take the place of what was asked for by the address
      if (id === "evidence" && told && touched) unlink();
      if (id === "evidence" && (linked || waiting)) continue;
      present(id);
    }
    openLinked();
  };
  const present = (id) => {
    const one = viewer(id), told = shown[id];
    if (!one) return;
    one.element.classList.toggle("linked", false);
    if (told) one.open(JSON.parse(told));
    else one.hide();
  };

  // --- addresses: /?document=7&page=3&mark=10-40&seal=1a2b3c4d

  const named = () => {
    const query = new URL(location.href).searchParams;
    return query.has("document") ? { id: query.get("document"), page: query.get("page") || "1", mark: query.get("mark") || "", seal: query.get("seal") || "" } : null;
  };
  let waiting = named(), opening = false;
  const openLinked = async () => {
    if (!waiting || opening || !document.querySelector("#evidence .html-container")) return;
    opening = true;
    const { id, page, mark, seal } = waiting;
    waiting = null;
    touched = false;
    linked = { id, page };
    const number = /^\d{1,9}$/.test(page) ? Number(page) : 1, known = /^\d{1,9}$/.test(id);
    const ask = (at, words) => ragapp.viewed(`/ui/view/${known ? id : 0}?${new URLSearchParams({ page: at, mark: words, seal, language })}`);
    let told = await ask(number, mark), note = "";
    if (told?.error && told.status === 404 && number !== 1) {
      note = told.error;
      told = await ask(1, "");  // the document may be there without this page
      if (told?.error) note = "";
    }
    opening = false;
    if (waiting) { openLinked(); return; }
    const one = viewer("evidence");
    if (!one || !linked || !told) return;
    one.element.classList.add("linked");
    if (told.error) {
      one.data = { id: 0, name: "", page: 1, place: "", path: "", notes: [], boxes: [], mark: "", quote: "", pictures: false, file: "", part: 0 };
      one.show(true);
      one.name.textContent = one.place.textContent = one.path.textContent = "";
      one.fail(told.error, told.status, () => { waiting = named(); openLinked(); });
      one.open_.hidden = true;
    } else {
      await one.open(told);
      if (note && one.data === told) one.tell(note);
    }
    look(false);
  };
  const unlink = () => {
    if (!linked) return;
    linked = null;
    const address = new URL(location.href);
    if (!address.searchParams.has("document")) return;
    for (const name of NAMES) address.searchParams.delete(name);
    history.pushState(null, "", address);
  };
  let writing = 0;
  const moved = (id, one) => {
    if (id !== "evidence" || !linked || !one.data?.id) return;
    clearTimeout(writing);
    writing = setTimeout(() => {
      if (!linked || !one.data?.id || String(one.data.id) !== String(linked.id)) return;
      const address = new URL(location.href);
      for (const name of NAMES) address.searchParams.delete(name);
      for (const [name, value] of new URL(one.link, location.origin).searchParams) address.searchParams.set(name, value);
      address.search = address.search.replace(/%2C/g, ",");
      if (address.href !== location.href) history.replaceState(history.state, "", address);
    }, 400);
  };
  addEventListener("popstate", () => {
    row()?.classList.remove("looking");
    const now = named();
    if (now) { waiting = now; openLinked(); }
    else if (linked) { linked = null; present("evidence"); }
  });
  // a link to a place in a document that stands in the page
  addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="/?document="]');
    if (!link || link.dataset.act || event.ctrlKey || event.metaKey || event.shiftKey || link.target === "_blank") return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    ragapp.showTab("chat");
    waiting = named();
    openLinked();
  });

  for (const name of ["click", "keydown"]) {
    addEventListener(name, (event) => { if (event.target.closest?.("#talks-column, #talk-column, .chips, .others")) touched = true; }, true);
  }

  // a preview that was closed is opened again; the server's word on it is the same as before
  addEventListener("click", (event) => {
    const values = JSON.parse(event.target.closest?.("[data-act='documents']")?.dataset.values || "{}");
    if (values.what !== "preview" || !viewers.preview || !shown.preview) return;
    const now = JSON.parse(shown.preview);
    if (now.id !== values.id || (values.mark && now.mark !== values.mark)) return;
    if (viewers.preview.element.hidden) present("preview");
    else if (values.mark) viewers.preview.toMark();  // the same again: its words come into sight
  });

  // --- on a small screen it lies over the talk

  const look = (push = true) => {
    if (!SMALL.matches || !row() || row().classList.contains("looking")) return;
    from = document.activeElement;
    row().classList.add("looking");
    if (push) history.pushState({ looking: true }, "", location.href);
    viewer("evidence")?.toTalk.focus();
  };
  const close = (id) => {
    if (id === "preview") {
      viewers.preview.hide();
      shown.preview = document.querySelector("#preview .view-data")?.dataset.view || "";
      return;
    }
    const over = row()?.classList.contains("looking");
    if (over) {
      row().classList.remove("looking");
      if (history.state?.looking) history.back();
      if (from?.isConnected) from.focus();
    }
    if (linked) { unlink(); present("evidence"); }
    else if (!over) ragapp.foldPane?.("evidence", true);
  };

  acts.pick = (values) => {
    const now = JSON.stringify(values);
    // the same again: nothing comes from the server, and the words come into sight
    if (now === last && linked) { unlink(); present("evidence"); }
    else if (now === last) viewers.evidence?.toMark();
    last = now;
    if (viewers.evidence) viewers.evidence.awaited = true;
    send("pick", values);
    ragapp.foldPane?.("evidence", false);
    look();
  };
  onChange(follow);
})();
