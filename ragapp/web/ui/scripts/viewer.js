// The viewer: a document's pages as pictures with their text above, or its stored text, with zoom, search and marks.
// Texts go in as texts; the only HTML is what the server has made of stored text.
"use strict";
(() => {
  const { tr, store, language } = ragapp;
  // as ragapp/web/pdf_pages.py draws them
  const WIDTHS = [240, 1000, 1600, 2400];
  const SMALLEST = 0.25, LARGEST = 4, STEP = 1.25, POINT = 96 / 72;
  // browsers lose their way in what is higher than this
  const MOST_PIXELS = 15e6;
  // while a person scrolls fast, nothing is asked for
  const SETTLED_MS = 120;
  const PAGES_AT_ONCE = 20, UNITS_AT_ONCE = 50;
  const THUMB = 104;

  const make = (tag, values = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(values)) {
      if (name === "css") element.className = value;
      else if (name in element && name !== "role" && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...inside);
    return element;
  };
  const ICONS = {
    list: "M4 5h3v3H4zM4 12h3v3H4zM4 19h3v1H4zM10 6.5h10M10 13.5h10M10 19.5h10",
    back: "M6 15l6-6 6 6", on: "M6 9l6 6 6-6", smaller: "M5 12h14", larger: "M5 12h14M12 5v14",
    find: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21", close: "M6 6l12 12M18 6L6 18",
    link: "M9 15l6-6M8 11l-2.5 2.5a3.5 3.5 0 0 0 5 5L13 16M11 8l2.5-2.5a3.5 3.5 0 0 1 5 5L16 13",
    mark: "M12 3v4M12 17v4M3 12h4M17 12h4M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true" })) svg.setAttribute(key, value);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  };
  const fill = (key, values) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), tr(key));
  // an answer of the server; null where it cannot be reached or the question was given up, {error} where it says no
  const asked = async (address, signal) => {
    try {
      const reply = await fetch(address, { signal });
      const told = await reply.json().catch(() => ({}));
      return reply.ok ? told : { error: told.error || tr("viewer.failed"), status: reply.status };
    } catch (problem) {
      return problem.name === "AbortError" ? null : { error: tr("viewer.unreachable"), status: 0 };
    }
  };
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.font = "100px sans-serif";

  class Viewer {
    // `host` is the element that it is shown in; `moved(viewer)` is told when another page is looked at
    constructor(host, { closed = () => {}, moved = () => {} } = {}) {
      Object.assign(this, { host, closed, moved, data: null, zoom: "fit", textZoom: 1, mode: "pages", items: 0 });
      this.build();
      host.append(this.toTalk, this.element);
      new ResizeObserver(() => this.fitted()).observe(this.pages);
    }

    // --- the frame

    build() {
      const button = (name, label, work, ...inside) => {
        const made = make("button", { type: "button", css: `act tool view-${name}`, title: tr(label), "aria-label": tr(label) }, ...inside);
        made.addEventListener("click", work);
        return made;
      };
      this.name = make("strong");
      this.place = make("span");
      this.path = make("div", { css: "heading-path" });
      this.open_ = make("a", { css: "open", target: "_blank", rel: "noopener noreferrer" }, tr("evidence.open"));
      this.toTalk = make("button", { type: "button", css: "act to-talk" }, "‹ " + tr("viewer.to_talk"));
      this.toTalk.addEventListener("click", () => this.closed(this));
      this.toTalk.addEventListener("keydown", (event) => { if (event.key === "Escape") this.pressed(event); });
      this.closer = button("close", "viewer.close", () => this.closed(this), icon("close"));
      this.page = make("input", { css: "view-page", type: "text", inputMode: "numeric", autocomplete: "off", "aria-label": tr("viewer.page") });
      this.of = make("span", { css: "at" });
      this.level = button("fit", "viewer.fit", () => this.setZoom("fit"), "100 %");
      this.asText = button("text", "viewer.as_text", () => this.setMode(this.mode === "text" ? "pages" : "text"), tr("viewer.text"));
      this.lister = button("list", "viewer.pages", () => this.setList(!this.listed), icon("list"));
      this.finder = button("find", "viewer.find", () => this.setFind(this.bar.hidden), icon("find"));
      this.marker = button("mark", "viewer.to_mark", () => this.toMark(), icon("mark"));
      this.linker = button("link", "viewer.link", () => this.copyLink(), icon("link"));
      this.words = make("input", { type: "search", css: "find-words", autocomplete: "off", spellcheck: false, placeholder: tr("viewer.find"), "aria-label": tr("viewer.find") });
      this.told = make("span", { css: "find-told", role: "status" });
      this.bar = make("div", { css: "find-bar", role: "search", hidden: true }, this.words, this.told,
        button("find-back", "viewer.find_back", () => this.findNext(-1), icon("back")),
        button("find-on", "viewer.find_on", () => this.findNext(1), icon("on")),
        button("find-close", "viewer.find_close", () => this.setFind(false), icon("close")));
      const group = (...inside) => make("span", { css: "group" }, ...inside);
      this.tools = make("div", { css: "view-bar" },
        group(this.lister, button("back", "viewer.back", () => this.goTo(this.number - 1), icon("back")), this.page, this.of,
          button("on", "viewer.on", () => this.goTo(this.number + 1), icon("on"))),
        group(button("smaller", "viewer.smaller", () => this.zoomBy(1 / STEP), icon("smaller")), this.level,
          button("larger", "viewer.larger", () => this.zoomBy(STEP), icon("larger"))),
        group(this.finder, this.asText, this.marker, this.linker));
      this.notes = make("div", { css: "view-notes" });
      this.live = make("div", { css: "unseen", role: "status" });
      this.side = make("div", { css: "page-list", role: "group", "aria-label": tr("viewer.pages"), hidden: true });
      this.pages = make("div", { css: "view-pages", tabIndex: 0, role: "region" });
      const head = make("div", { css: "view-head" }, make("div", { css: "view-title" }, this.name, " ", this.place), this.open_, this.closer);
      this.element = make("article", { css: "viewer", hidden: true }, head, this.path, this.tools, this.bar, this.notes,
        make("div", { css: "view-body" }, this.side, this.pages), this.live);
      this.listed = false;
      this.wire();
    }

    wire() {
      this.page.addEventListener("change", () => this.goToTyped());
      this.page.addEventListener("focus", () => this.page.select());
      this.element.addEventListener("keydown", (event) => this.pressed(event));
      // whoever has gone elsewhere since a place was asked for stays there when it comes
      for (const name of ["wheel", "touchmove", "pointerdown", "keydown", "change"]) {
        this.element.addEventListener(name, () => { if (this.awaited) this.awaited = false; }, { capture: true, passive: true });
      }
      this.words.addEventListener("input", () => {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.find(), 250);
      });
      this.pages.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoomBy(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 250), this.shareOf(event.clientY));
      }, { passive: false });
      // two fingers
      let apart = 0;
      const distance = ({ touches: [a, b] }) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      this.pages.addEventListener("touchstart", (event) => { if (event.touches.length === 2) apart = distance(event); }, { passive: true });
      this.pages.addEventListener("touchmove", (event) => {
        if (event.touches.length !== 2 || !apart) return;
        event.preventDefault();
        const now = distance(event);
        if (Math.abs(now / apart - 1) < 0.04) return;
        this.zoomBy(now / apart, this.shareOf((event.touches[0].clientY + event.touches[1].clientY) / 2));
        apart = now;
      }, { passive: false });
      this.pages.addEventListener("touchend", () => { apart = 0; });
    }

    shareOf(y) {
      const box = this.pages.getBoundingClientRect();
      return Math.max(0, Math.min(1, (y - box.top) / Math.max(box.height, 1)));
    }

    pressed(event) {
      const typing = event.target.matches("input"), command = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      const done = () => { event.preventDefault(); event.stopPropagation(); };
      if (command && key === "f") { done(); this.setFind(true); }
      else if (key === "f3" || (command && key === "g")) { done(); this.findNext(event.shiftKey ? -1 : 1); }
      else if (key === "escape" && !this.bar.hidden) { done(); this.setFind(false); }
      else if (key === "escape" && this.element.closest(".looking")) { done(); this.closed(this); }
      else if (key === "enter" && event.target === this.words) {
        done();
        if (this.words.value.trim() !== this.found?.words) this.find();
        else this.findNext(event.shiftKey ? -1 : 1);
      }
      else if (key === "enter" && event.target === this.page) { done(); this.goToTyped(); this.pages.focus(); }
      else if (typing || command || event.altKey) return;
      else if (key === "+" || key === "=") { done(); this.zoomBy(STEP); }
      else if (key === "-") { done(); this.zoomBy(1 / STEP); }
      else if (key === "0") { done(); this.setZoom("fit"); }
      else if (event.target !== this.pages) return;
      else if (key === "home") { done(); this.goTo(1); }
      else if (key === "end") { done(); this.toEnd(); }
      else if ((key === "arrowright" || key === "arrowleft") && this.pages.scrollWidth <= this.pages.clientWidth + 1) {
        done();
        this.goTo(this.number + (key === "arrowright" ? 1 : -1));
      }
    }

    // --- what is shown

    // `data` is what view_data of ragapp/web/ui/render_evidence.py tells
    async open(data) {
      const before = this.data, same = before && before.id === data.id && before.pictures === data.pictures && this.list;
      this.data = data;
      this.trouble = false;
      this.show(true);
      this.element.setAttribute("aria-label", fill("viewer.document", { name: data.name }));
      this.pages.setAttribute("aria-label", data.name);
      this.name.textContent = data.name;
      this.place.textContent = data.place;
      this.path.textContent = data.path;
      this.path.hidden = !data.path;
      this.open_.hidden = !data.file;
      this.marker.hidden = !data.mark && !data.boxes.length;
      this.asText.hidden = !data.pictures;
      this.tell();
      const stays = this.awaited === false;
      this.awaited = null;
      if (same) {
        this.remark(before);
        if (!stays) this.toMark();
        return;
      }
      this.forget();
      this.mode = data.pictures ? "pages" : "text";
      this.told_(tr("viewer.loading"));
      const outline = await asked(`/ui/outline/${data.id}?language=${language}`);
      if (this.data !== data || !outline) return;
      if (outline.error) { this.fail(outline.error, outline.status); return; }
      this.told_("");
      this.places = outline.places;
      this.parts = outline.parts;
      this.sizes = outline.sizes.flatMap(([width, height, count]) => Array(count).fill([width, height]));
      if (this.mode === "pages" && !this.sizes.length) { this.mode = "text"; this.asText.hidden = true; }
      this.starts = [];
      let start = 0;
      for (const parts of this.parts) { this.starts.push(start); start += parts; }
      this.starts.push(start);
      this.begin();
      this.toMark();
      if (!this.bar.hidden && this.words.value.trim()) this.find();
    }

    // all that belongs to the document that was shown
    forget() {
      this.stopFinding();
      this.list?.close();
      this.thumbs?.close();
      this.list = this.thumbs = null;
      this.pages.replaceChildren();
      this.places = this.parts = [];
      this.items = 0;
    }

    hide() {
      this.forget();
      this.data = null;
      this.show(false);
    }

    // other parts of the page look for a `.view`
    show(on) {
      this.element.hidden = !on;
      this.element.classList.toggle("view", on);
    }

    told_(text) { this.live.textContent = text; }

    tell(...more) {
      const told = [...more, ...this.data.notes].map((note) => make("p", { css: "note" }, note));
      if (this.data.quote) told.push(make("blockquote", { css: "quote" }, this.data.quote));
      this.notes.replaceChildren(...told);
    }

    // `retry` does again what failed
    fail(text, status, retry = () => { const { data } = this; this.data = null; this.open(data); }) {
      this.forget();
      if (!this.bar.hidden) this.told.textContent = text;  // who searches looks there
      const again = make("button", { type: "button", css: "act" }, tr("viewer.again"));
      again.addEventListener("click", retry);
      this.pages.replaceChildren(make("div", { css: "problem", role: "alert" }, make("p", {}, text), ...(status === 404 ? [] : [again])));
      this.open_.hidden = status === 404;
      this.notes.replaceChildren();
    }

    begin() {
      this.list?.close();
      const pages = this.mode === "pages";
      this.element.classList.toggle("as-text", !pages);
      this.heights = pages ? null : this.guessHeights();
      this.items = pages ? this.sizes.length : this.starts.at(-1);
      this.asText.textContent = tr(pages ? "viewer.text" : "viewer.pictures");
      const label = tr(pages ? "viewer.as_text" : "viewer.as_pages");
      this.asText.title = label;
      this.asText.setAttribute("aria-label", label);
      this.of.textContent = fill("viewer.of", { units: this.units });
      this.marked = null;
      this.list = new ragapp.VirtualList(this.pages, {
        count: this.items,
        gap: pages ? 12 : 0,
        size: (index) => (pages ? this.sizeOf(index) : [0, this.heights[index]]),
        make: (index) => (pages ? this.makeSheet(index) : this.makePart(index)),
        gone: (index, element) => this.letGo(element),
        seen: (index) => this.saw(index),
      });
      this.showLevel();
      this.setList(this.listed || (store("viewer-list") === "1" && innerWidth > 860));
    }

    get units() { return this.mode === "pages" ? this.sizes.length : this.parts.length; }

    // the page or unit that is looked at, from 1
    get number() { return this.list ? this.unitOf(this.list.current) : this.data?.page || 1; }

    unitOf(index) {
      if (this.mode === "pages") return index + 1;
      let low = 0, high = this.parts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.starts[middle] <= index) low = middle;
        else high = middle - 1;
      }
      return low + 1;
    }

    indexOf(number, part = 0) { return this.mode === "pages" ? number - 1 : this.starts[number - 1] + part; }

    saw(index) {
      const number = this.unitOf(index);
      if (document.activeElement !== this.page) this.page.value = number;
      if (number !== this.seenNumber) {
        this.seenNumber = number;
        this.place.textContent = this.places[number - 1] ?? this.data.place;
        this.path.hidden = !this.data.path || number !== this.data.page;
        this.sideNow();
        this.moved(this);
      }
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.settled(), SETTLED_MS);
    }

    // the scrolling has come to rest: pictures and texts of what is in sight, and of what is next
    settled() {
      if (!this.list) return;
      for (const [index, element] of [...this.list.shown].sort((a, b) => Math.abs(a[0] - this.list.current) - Math.abs(b[0] - this.list.current))) {
        if (this.mode === "pages") this.drawSheet(index, element);
        else this.fillPart(index, element);
      }
    }

    letGo(element) {
      element.giveUp?.abort();
      element.gone = true;
      // those on their way are not waited for, those that are there are freed
      for (const picture of element.querySelectorAll("img")) picture.removeAttribute("src");
    }

    goTo(number) {
      if (!this.list) return;
      this.list.scrollTo(this.indexOf(Math.max(1, Math.min(number, this.units))));
    }

    toEnd() {
      if (!this.list) return;
      const index = this.items - 1;
      this.list.scrollTo(index, 1e9);
      const part = this.mode === "text" && this.list.shown.get(index);
      if (!part) return;
      this.wanted = { index, end: true };
      this.fillPart(index, part).then(() => this.arrive(index, part));
    }

    goToTyped() {
      const number = Number.parseInt(this.page.value, 10);
      if (Number.isFinite(number)) this.goTo(number);
      this.page.value = this.number;
    }

    setMode(mode) {
      if (!this.list || mode === this.mode) return;
      const number = Math.min(this.number, mode === "pages" ? this.sizes.length : this.parts.length);
      this.stopFinding();
      this.mode = mode;
      this.begin();
      if (number === this.data.page) this.toMark();
      else this.goTo(number);
      if (!this.bar.hidden && this.words.value.trim()) this.find();
    }

    // --- sizes

    get room() { return Math.max(120, this.pages.clientWidth - (this.pages.clientWidth > 420 ? 24 : 8)); }

    sizeOf(index) {
      const [width, height] = this.sizes[index];
      const across = this.zoom === "fit" ? this.room : width * POINT * this.zoom;
      return [across, (across * height) / width];
    }

    guessHeights() {
      const known = new Float64Array(this.starts.at(-1));
      known.fill(Math.max(300, this.pages.clientHeight));
      return known;
    }

    // of the page that is looked at, 1 is its size on paper
    get scale() {
      if (this.mode === "text") return this.textZoom;
      const [width] = this.sizes[Math.min(this.list?.current ?? 0, this.sizes.length - 1)];
      return this.zoom === "fit" ? this.room / (width * POINT) : this.zoom;
    }

    zoomBy(factor, share = 0.35) { if (this.list) this.setZoom(this.scale * factor, share); }

    setZoom(zoom, share = 0.35) {
      if (!this.list) return;
      const within = (value, most) => Math.max(SMALLEST, Math.min(most, value));
      if (this.mode === "text") {
        this.textZoom = zoom === "fit" ? 1 : within(zoom, LARGEST);
        this.pages.style.setProperty("--text-zoom", this.textZoom);
        this.remeasure();
      } else {
        const whole = this.sizes.reduce((sum, [, height]) => sum + height * POINT, 0);
        this.zoom = zoom === "fit" ? zoom : within(zoom, Math.min(LARGEST, MOST_PIXELS / Math.max(whole, 1)));
        this.list.resize(share);
      }
      this.showLevel();
      this.settledSoon();
    }

    settledSoon() {
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.settled(), SETTLED_MS);
    }

    showLevel() {
      const fit = this.mode === "text" ? this.textZoom === 1 : this.zoom === "fit";
      this.level.textContent = `${Math.round(100 * this.scale)} %`;
      this.level.setAttribute("aria-pressed", String(fit));
      const label = `${tr("viewer.fit")} (${this.level.textContent})`;
      this.level.setAttribute("aria-label", label);
    }

    // the column has become wider or narrower
    fitted() {
      const width = this.pages.clientWidth;
      if (!this.list || !width || width === this.width) return;
      this.width = width;
      if (this.mode === "pages") this.list.resize();
      else this.remeasure();
      if (this.unseen) this.toMark();
      this.showLevel();
      this.settledSoon();
    }

    // --- pages as pictures

    makeSheet(index) {
      const number = index + 1;
      const label = fill("evidence.picture", { document: this.data.name, page: number });
      return make("div", { css: "sheet", role: "group", "aria-label": label, "data-page": number },
        make("span", { css: "sheet-number", "aria-hidden": "true" }, String(number)));
    }

    drawSheet(index, sheet) {
      const needed = this.sizeOf(index)[0] * Math.min(devicePixelRatio || 1, 2);
      const width = WIDTHS.slice(1).find((one) => one >= needed * 0.9) || WIDTHS.at(-1);
      if (!(sheet.drawn >= width)) {
        sheet.drawn = width;
        const { id, name } = this.data;
        const picture = make("img", { alt: fill("evidence.picture", { document: name, page: index + 1 }), decoding: "async", draggable: false });
        picture.addEventListener("load", () => {
          if (sheet.gone || width < sheet.drawn) { picture.remove(); return; }
          sheet.querySelector("img.shown")?.remove();
          picture.classList.add("shown");
        });
        picture.addEventListener("error", () => { if (picture.hasAttribute("src")) { picture.remove(); this.missing(index, sheet); } });
        picture.src = `/ui/page/${id}/${index + 1}.jpg?width=${width}`;
        sheet.firstElementChild.after(picture);  // above the number, below one that is shown already
      }
      if (!sheet.texted) { sheet.texted = true; this.layText(index, sheet); }
      this.drawMarks(index, sheet);
    }

    // a page's picture does not come: the file has changed, the document was removed, or the page is broken
    async missing(index, sheet) {
      if (sheet.gone || this.trouble) return;
      this.trouble = true;
      const { data } = this, now = await asked(`/ui/view/${data.id}?page=${Math.min(index + 1, this.parts.length)}&language=${language}`);
      if (this.data !== data || !now) return;
      this.trouble = false;
      if (now.error) this.fail(now.error, now.status);
      else if (!now.pictures) this.open({ ...now, mark: now.page === data.page ? data.mark : "", part: now.page === data.page ? data.part : 0 });
      else {
        const again = make("button", { type: "button", css: "act" }, tr("viewer.again"));
        again.addEventListener("click", () => { sheet.drawn = 0; sheet.querySelector(".sheet-problem")?.remove(); this.drawSheet(index, sheet); });
        sheet.append(make("div", { css: "sheet-problem" }, make("p", {}, tr("viewer.failed")), again));
      }
    }

    // the text lies over the picture, unseen, where it can be selected and read aloud
    async layText(index, sheet) {
      sheet.giveUp = new AbortController();
      const told = await asked(`/ui/text/${this.data.id}/${index + 1}`, sheet.giveUp.signal);
      if (!told || told.error || sheet.gone) return;
      const layer = make("div", { css: "text-layer" });
      const [width, height] = this.sizes[index];
      for (const [text, left, top, across, down, line] of told.runs) {
        const wide = canvas.measureText(text.trimEnd()).width / 100;
        const run = make("span", {}, text);
        run.style.left = 100 * left + "%";
        run.style.top = 100 * top + "%";
        run.style.fontSize = `calc(var(--down) * ${down})`;
        if (wide) run.style.transform = `scaleX(${((across * width) / (down * height * wide)).toFixed(4)})`;
        if (line && layer.childElementCount) layer.append(make("br"));
        layer.append(run);
      }
      // what was recognised in a scan has no place on it
      if (told.text) layer.append(make("p", { css: "unseen" }, told.text));
      for (const [place, page, address] of told.links) layer.append(this.pageLink(place, page, address));
      sheet.append(layer);
    }

    // a link of the page's own: to another page of the document, or out of ragapp, which opens a tab of its own
    pageLink(place, page, address) {
      const link = this.box(place, "page-link", "a"), where = page ? fill("viewer.to_page", { page: this.places[page - 1] || page }) : fill("viewer.leads_out", { address });
      link.title = where;
      link.setAttribute("aria-label", where);
      link.draggable = false;
      link.href = page ? `/?document=${this.data.id}&page=${page}` : address;
      if (page) {
        link.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;  // in a tab of its own, as any link
          event.preventDefault();
          event.stopPropagation();  // the document stays as it is open: beside its answer, or in the list
          this.goTo(page);
        });
      } else Object.assign(link, { target: "_blank", rel: "noopener noreferrer", referrerPolicy: "no-referrer" });
      return link;
    }

    box(place, css, tag = "span") {
      const element = make(tag, { css });
      ["left", "top", "width", "height"].forEach((side, n) => { element.style[side] = 100 * place[n] + "%"; });
      return element;
    }

    drawMarks(index, sheet) {
      sheet.style.setProperty("--down", this.sizeOf(index)[1] + "px");
      const wanted = index + 1 === this.data.page ? JSON.stringify(this.data.boxes) : "";
      if ((sheet.marks || "") !== wanted) {
        sheet.marks = wanted;
        for (const old of sheet.querySelectorAll(".box")) old.remove();
        if (wanted) for (const place of this.data.boxes) sheet.append(this.box(place, "box"));
      }
      this.drawHits(index, sheet);
    }

    async drawHits(index, sheet) {
      const { found } = this, words = found?.counts.get(index) ? found.words : "";
      if ((sheet.hits || "") !== words) {
        sheet.hits = words;
        for (const old of sheet.querySelectorAll(".hits")) old.remove();
        sheet.classList.remove("hit-page");
        if (words) {
          const told = await asked(`/ui/words/${this.data.id}/${index + 1}?words=${encodeURIComponent(words)}`);
          if (!told || told.error || sheet.gone || sheet.hits !== words) return;
          // what was recognised in a scan: the page as a whole
          sheet.classList.toggle("hit-page", !told.places.length);
          const layer = make("div", { css: "hits" });
          told.places.forEach((boxes, n) => { for (const place of boxes) { const one = this.box(place, "hit"); one.dataset.hit = n; layer.append(one); } });
          sheet.append(layer);
        }
      }
      this.pointOut(sheet, index);
    }

    // --- stored text

    makePart(index) {
      const number = this.unitOf(index), part = make("div", { css: "part", "data-unit": number });
      if (index === this.starts[number - 1] && this.parts.length > 1) part.append(make("h3", { css: "part-title" }, this.places[number - 1] || String(number)));
      part.append(make("p", { css: "note part-loading" }, tr("viewer.loading")));
      part.style.minHeight = Math.min(this.heights[index], 200) + "px";
      return part;
    }

    async fillPart(index, part, again = false) {
      const number = this.unitOf(index), { id, page, mark } = this.data;
      const wanted = new URLSearchParams({ mark: number === page ? mark : "", words: this.found?.words || "" }).toString();
      if (part.filled === wanted) return;
      part.filled = wanted;
      part.giveUp?.abort();
      part.giveUp = new AbortController();
      const told = await asked(`/ui/unit/${id}/${number}/${index - this.starts[number - 1]}?${wanted}`, part.giveUp.signal);
      if (!told || part.gone || part.filled !== wanted || this.data.id !== id) return;
      if (told.error) {
        if (again) { this.fail(told.error, told.status); return; }
        part.filled = undefined;
        const now = await asked(`/ui/view/${id}?page=${number}&language=${language}`);
        if (now?.error) this.fail(now.error, now.status);
        else if (now) this.fillPart(index, part, true);
        return;
      }
      const text = make("div", { css: "unit-text" });
      text.innerHTML = told.html;  // escaped by ragapp/web/ui/render_evidence.py
      part.querySelector(".part-loading, .unit-text").replaceWith(text);
      part.style.minHeight = "";
      part.loaded = wanted;
      this.measure(index, part);
      this.pointOut(part, index);
      this.arrive(index, part);
    }

    measure(index, part) {
      const height = part.offsetHeight, by = height - this.heights[index];
      if (Math.abs(by) < 0.5) return;
      this.heights[index] = height;
      this.list.grown(index, by);
    }

    remeasure() { for (const [index, part] of this.list.shown) if (part.filled !== undefined) this.measure(index, part); }

    // --- marks

    // the quoted words, or the page where there are none
    toMark() {
      if (!this.list) return;
      this.unseen = !this.pages.clientWidth;  // then it is gone to once there is room
      const { page, part, boxes } = this.data, index = this.indexOf(Math.max(1, Math.min(page, this.units)), this.mode === "text" ? part : 0);
      if (this.mode === "pages") {
        if (boxes.length) {
          this.list.scrollTo(index, boxes[0][1] * this.sizeOf(index)[1], 0.3);
          this.across(boxes[0], index);
        } else this.list.scrollTo(index);
      } else {
        this.list.scrollTo(index);
        this.wanted = { index, selector: "mark.cited" };
        const shown = this.list.shown.get(index);
        if (shown) this.fillPart(index, shown).then(() => this.arrive(index, shown));
      }
      this.settled();
    }

    across(box, index) {
      const { pages } = this, width = this.sizeOf(index)[0];
      if (pages.scrollWidth > pages.clientWidth) pages.scrollLeft = (box[0] + box[2] / 2) * width - pages.clientWidth / 2;
    }

    // what was gone to has come: it is put in sight
    arrive(index, part) {
      if (this.wanted?.index !== index || part.loaded === undefined || part.loaded !== part.filled) return;
      const { selector, end } = this.wanted, mark = selector && part.querySelector(selector);
      this.wanted = null;
      if (end) this.list.scrollTo(index, 1e9);
      if (!mark) return;
      const down = mark.getBoundingClientRect().top - part.getBoundingClientRect().top;
      this.list.scrollTo(index, down, 0.3);
      const box = mark.closest(".table-wrap");
      if (box) box.scrollLeft += mark.getBoundingClientRect().left - box.getBoundingClientRect().left - 40;
    }

    // another place of the same document: marks move, nothing is loaded anew
    remark() {
      for (const [index, element] of this.list.shown) {
        if (this.mode === "pages") { if (element.drawn) this.drawMarks(index, element); }
        else if (element.filled !== undefined) this.fillPart(index, element);
      }
    }

    // --- search

    setFind(open) {
      this.bar.hidden = !open;
      this.finder.setAttribute("aria-expanded", String(open));
      if (open) {
        const chosen = String(getSelection()).trim();
        if (chosen && chosen.length < 100 && this.pages.contains(getSelection().anchorNode)) this.words.value = chosen.replace(/\s+/g, " ");
        this.words.focus();
        this.words.select();
        if (this.words.value.trim()) this.find();
      } else {
        this.stopFinding();
        this.refresh();
        this.pages.focus({ preventScroll: true });
      }
    }

    stopFinding() {
      clearTimeout(this.typing);
      this.found?.giveUp.abort();
      this.found = null;
      this.told.textContent = "";
    }

    refresh() { if (this.list) this.remark(); }

    async find() {
      const words = this.words.value.trim().slice(0, 200);
      if (this.found?.words === words) return;
      this.stopFinding();
      if (!words || !this.list) { this.refresh(); return; }
      const found = (this.found = { words, counts: new Map(), total: 0, done: false, at: null, giveUp: new AbortController() });
      const text = this.mode === "text", step = text ? UNITS_AT_ONCE : PAGES_AT_ONCE, { units } = this, { id } = this.data;
      const from = this.number;
      this.refresh();
      // from the page that is looked at to the end, and then from the beginning
      const ranges = [];
      for (let first = from; first <= units; first += step) ranges.push([first, Math.min(first + step - 1, units)]);
      for (let first = 1; first < from; first += step) ranges.push([first, Math.min(first + step - 1, from - 1)]);
      for (const [first, last] of ranges) {
        const query = new URLSearchParams({ words, first, last, text: text ? "1" : "0" });
        const told = await asked(`/ui/find/${id}?${query}`, found.giveUp.signal);
        if (this.found !== found || !told) return;
        if (told.error) { this.told.textContent = told.error; return; }
        for (const [unit, part, count] of told.found) {
          found.counts.set(this.indexOf(unit, part), count);
          found.total += count;
        }
        if (found.total && !found.at) this.findNext(1, this.indexOf(from));
        this.tellFound();
        for (const [index, element] of this.list.shown) if (!text && element.drawn) this.drawHits(index, element);
      }
      found.done = true;
      this.tellFound();
    }

    tellFound() {
      const { found } = this;
      if (!found) return;
      let at = 0;
      if (found.at) {
        for (const [index, count] of found.counts) if (index < found.at.index) at += count;
        at += found.at.hit + 1;
      }
      const key = found.done ? (found.total ? "viewer.found" : "viewer.nothing_found") : "viewer.finding";
      this.told.textContent = fill(key, { at, all: found.total });
    }

    findNext(step, from = this.list?.current) {
      const { found } = this;
      if (!found) { if (this.words.value.trim()) this.find(); else this.setFind(true); return; }
      if (!found.total) return;
      const places = [...found.counts.keys()].sort((a, b) => a - b);
      let index, hit;
      if (!found.at) {
        index = places.find((one) => one >= from) ?? places[0];
        hit = 0;
      } else {
        ({ index, hit } = found.at);
        hit += step;
        if (hit < 0 || hit >= found.counts.get(index)) {
          index = places[(places.indexOf(index) + step + places.length) % places.length];
          hit = step > 0 ? 0 : found.counts.get(index) - 1;
        }
      }
      found.at = { index, hit };
      this.tellFound();
      this.showHit();
    }

    async showHit() {
      const { found } = this, { index, hit } = found.at;
      if (this.mode === "text") {
        this.list.scrollTo(index);
        this.wanted = { index, selector: `mark[data-hit="${hit}"]` };
        const part = this.list.shown.get(index);
        if (part) { await this.fillPart(index, part); this.arrive(index, part); }
      } else {
        const told = await asked(`/ui/words/${this.data.id}/${index + 1}?words=${encodeURIComponent(found.words)}`, found.giveUp.signal);
        if (this.found !== found || found.at.index !== index || found.at.hit !== hit || !told || told.error) return;
        const place = told.places[hit]?.[0];
        if (place) {
          this.list.scrollTo(index, place[1] * this.sizeOf(index)[1], 0.4);
          this.across(place, index);
        } else this.list.scrollTo(index);
      }
      for (const [other, element] of this.list.shown) this.pointOut(element, other);
    }

    // the place that the search stands at looks unlike the others
    pointOut(element, index) {
      const at = this.found?.at;
      for (const mark of element.querySelectorAll("[data-hit]")) {
        mark.classList.toggle("now", Boolean(at) && at.index === index && Number(mark.dataset.hit) === at.hit);
      }
    }

    // --- the list of pages

    setList(listed) {
      this.listed = listed;
      this.lister.setAttribute("aria-expanded", String(listed));
      if (innerWidth > 860) store("viewer-list", listed ? "1" : "0");
      this.side.hidden = !listed;
      this.thumbs?.close();
      this.thumbs = null;
      if (!listed || !this.list) return;
      const pages = this.mode === "pages";
      this.thumbs = new ragapp.VirtualList(this.side, {
        count: this.units,
        gap: pages ? 10 : 2,
        size: (index) => (pages ? [THUMB, (THUMB * this.sizes[index][1]) / this.sizes[index][0] + 22] : [0, 30]),
        make: (index) => this.makeThumb(index, pages),
        gone: (index, element) => this.letGo(element),
        seen: () => { clearTimeout(this.thumbing); this.thumbing = setTimeout(() => this.drawThumbs(), SETTLED_MS); },
      });
      this.sideNow();
    }

    makeThumb(index, pages) {
      const place = this.places[index] || String(index + 1);
      const label = pages ? fill("evidence.picture", { document: this.data.name, page: index + 1 }) : place;
      const button = make("button", { type: "button", css: pages ? "thumb" : "thumb named", "aria-label": label, title: place });
      if (pages) {
        const [width, height] = this.sizes[index], sheet = make("span", { css: "thumb-sheet" });
        sheet.style.height = (THUMB * height) / width + "px";
        button.append(sheet, make("span", {}, String(index + 1)));
      } else button.append(place);
      if (index + 1 === this.seenNumber) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => this.goTo(index + 1));
      return button;
    }

    drawThumbs() {
      if (!this.thumbs || this.mode !== "pages") return;
      for (const [index, button] of this.thumbs.shown) {
        if (button.drawn || !this.thumbs.inSight(index, 0.3)) continue;
        button.drawn = 1;
        const picture = make("img", { alt: "", decoding: "async" });
        picture.addEventListener("error", () => picture.remove());
        picture.src = `/ui/page/${this.data.id}/${index + 1}.jpg?width=${WIDTHS[0]}`;
        button.querySelector(".thumb-sheet").append(picture);
      }
    }

    sideNow() {
      if (!this.thumbs) return;
      const index = this.seenNumber - 1;
      for (const [other, button] of this.thumbs.shown) {
        if (other === index) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      }
      if (index >= 0 && !this.side.contains(document.activeElement) && !this.thumbs.inSight(index)) this.thumbs.scrollTo(index, 0, 0.4);
    }

    // --- links

    get link() {
      const { id, page, mark } = this.data, number = this.number;
      const query = new URLSearchParams({ document: id, page: number });
      if (mark && number === page) { query.set("mark", mark); query.set("seal", this.data.seal); }
      return `/?${query.toString().replace(/%2C/g, ",")}`;
    }

    async copyLink() {
      const address = new URL(this.link, location.origin).href;
      try { await navigator.clipboard.writeText(address); }
      catch {  // a page that came by plain HTTP from another machine has no clipboard
        const box = make("textarea", { value: address, css: "unseen" });
        this.element.append(box);
        box.select();
        document.execCommand("copy");
        box.remove();
        this.linker.focus();
      }
      this.told_(tr("viewer.linked"));
      this.linker.classList.add("done");
      setTimeout(() => { this.linker.classList.remove("done"); this.told_(""); }, 1500);
    }
  }

  Object.assign(ragapp, { Viewer, viewed: asked });
})();
