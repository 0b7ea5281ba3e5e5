// A finished answer: quotes at its marks, copying, rating, editing its question, menus.
"use strict";
(() => {
  const { acts, send, tr, onChange } = ragapp;

  const make = (tag, css, ...inside) => {
    const element = document.createElement(tag);
    if (css) element.className = css;
    element.append(...inside);
    return element;
  };

  // What a person is typing into stays where it is when the server's word puts new HTML under it.  `where` gives the
  // place it stands in, null once there is none.
  const kept = new Set();
  const keep = (element, where, within) => {
    const entry = { element, where, within };
    kept.add(entry);
    const put = () => {
      const place = where();
      if (!place) { close(); return; }
      if (within) place.classList.add(within);
      if (element.parentElement !== place) {
        const typing = document.activeElement === document.body || !document.activeElement?.isConnected;
        place.append(element);
        if (typing) element.querySelector("[data-focused]")?.focus();
      }
    };
    const close = () => {
      kept.delete(entry);
      const place = element.parentElement;
      element.remove();
      if (within) place?.classList.remove(within);
    };
    entry.put = put;
    element.addEventListener("focusin", (event) => {
      for (const one of element.querySelectorAll("[data-focused]")) delete one.dataset.focused;
      event.target.dataset.focused = "1";
    });
    put();
    return close;
  };
  onChange(() => { for (const one of [...kept]) one.put(); });
  Object.assign(ragapp, { make, keep });
  const section = (turn) => document.querySelector(`#talk .exchange[data-turn="${turn}"]`);
  const button = (label, css, work) => {
    const made = make("button", `act ${css}`, label);
    made.type = "button";
    made.addEventListener("click", work);
    return made;
  };

  // quotes at marks: when pointed at, focused or tapped
  let tip = null, of = null, leaving = 0, touched = false;
  const hide = () => {
    clearTimeout(leaving);
    of?.removeAttribute("aria-describedby");
    tip?.remove();
    tip = of = null;
  };
  const show = (mark) => {
    clearTimeout(leaving);
    if (of === mark) return;
    hide();
    const text = mark.parentElement.querySelector(".tip-text");
    const frame = document.querySelector(".gradio-container");
    if (!text || !frame) return;
    of = mark;
    tip = make("div", "tip");
    tip.id = "tip";
    tip.setAttribute("role", "tooltip");
    tip.append(...[...text.childNodes].map((node) => node.cloneNode(true)));
    tip.addEventListener("pointerenter", () => clearTimeout(leaving));
    tip.addEventListener("pointerleave", later);
    tip.addEventListener("click", () => { const chosen = of; hide(); chosen?.click(); });
    frame.append(tip);
    mark.setAttribute("aria-describedby", "tip");
    const at = mark.getBoundingClientRect(), size = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
    const above = at.top - size.height - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
  };
  const later = () => { clearTimeout(leaving); leaving = setTimeout(hide, 200); };
  const markOf = (event) => event.target.closest?.(".cited .act.mark");
  addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch"; }, true);
  addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && markOf(event)) show(markOf(event)); });
  addEventListener("pointerout", (event) => { if (event.pointerType === "mouse" && markOf(event)) later(); });
  addEventListener("focusin", (event) => {
    const mark = markOf(event);
    if (mark && !touched) show(mark);
    else if (!mark && of) later();
  });
  // a first tap shows the quote, a second one the page
  addEventListener("click", (event) => {
    const mark = markOf(event);
    if (touched && mark && of !== mark) {
      event.preventDefault();
      event.stopImmediatePropagation();
      show(mark);
    } else if (of && !event.target.closest?.("#tip")) hide();
  }, true);
  addEventListener("scroll", () => of && later(), true);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("#chat-row details.menu[open]");
    if (!of && !menu) return;
    // what is open is closed, and nothing else is stopped by the same key
    event.stopImmediatePropagation();
    if (of) hide();
    else { menu.open = false; menu.querySelector("summary").focus(); }
  }, true);
  onChange(() => { if (of && !of.isConnected) hide(); });

  // menus close when something else is chosen
  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("#chat-row details.menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest?.(".menu > div")) menu.open = false;
    }
  });

  // copying: as text with the sources in words, and as rich text where a program takes that
  const rich = (turn, text) => {
    const answer = section(turn)?.querySelector(".answer")?.cloneNode(true);
    if (!answer) return "";
    for (const cited of answer.querySelectorAll(".cited")) cited.replaceWith(`[${cited.querySelector(".mark").textContent}]`);
    const behind = text.includes("\n\n") ? text.slice(text.lastIndexOf("\n\n") + 2).split("\n") : [];
    const sources = make("p", "", ...behind.flatMap((line) => [line, document.createElement("br")]));
    for (const element of answer.querySelectorAll("*")) for (const { name } of [...element.attributes]) element.removeAttribute(name);
    return answer.innerHTML + (behind.length ? sources.outerHTML : "");
  };
  const byHand = (text) => {
    // pages that do not come over https have no clipboard
    const box = make("textarea", "", text);
    box.style.position = "fixed";
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  };
  const write = async (text, html) => {
    if (!text) return false;
    try {
      if (html && window.ClipboardItem) {
        const blob = (kind, data) => new Blob([data], { type: kind });
        await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob("text/plain", text), "text/html": blob("text/html", html) })]);
      } else await navigator.clipboard.writeText(text);
      return true;
    } catch { return byHand(text); }
  };
  const told = (place, text) => {
    const before = place.textContent;
    place.textContent = text;
    setTimeout(() => { if (place.textContent === text) place.textContent = before; }, 1200);
  };
  acts.copy = (values, place) => {
    write(values.text, values.turn === undefined ? "" : rich(values.turn, values.text)).then((done) => done && told(place, tr("chat.copied")));
  };
  acts.link = (values, place) => {
    const id = ragapp.talkState()?.conversation, address = new URL("/", location.href);
    if (id) address.searchParams.set("conversation", id);
    address.hash = `answer-${values.turn + 1}`;
    write(address.href).then((done) => done && told(place, tr("chat.copied")));
  };

  // rating
  const rating = (values, rated) => send("talk", { what: "rate", turn: values.turn, ...rated });
  let closeForm = null;
  acts.rate = (values) => {
    closeForm?.();
    const said = { rating: values.rating, note: values.note, expected: values.expected, unanswerable: values.unanswerable };
    if (values.pressed) { rating(values, { rating: "", note: "", expected: "", unanswerable: false }); return; }
    if (values.rating === "up") Object.assign(said, { expected: "", unanswerable: false });
    rating(values, said);
    const form = make("form", "rate-form"), down = values.rating === "down";
    const line = (label, box) => { const made = make("label", "", make("span", "", label), box); return made; };
    const note = make("textarea"), expected = make("input"), absent = make("input");
    Object.assign(note, { rows: 2, value: said.note || "", maxLength: 2000 });
    Object.assign(expected, { type: "text", value: said.expected || "", maxLength: 500 });
    Object.assign(absent, { type: "checkbox", checked: !!said.unanswerable });
    form.append(make("h3", "", tr(down ? "rate.title" : "rate.title_up")));
    if (down) {
      form.append(line(tr("rate.expected"), expected));
      if (!values.refused) form.append(make("label", "tick", absent, make("span", "", tr("rate.unanswerable"))));
    }
    form.append(line(tr("rate.note"), note));
    const save = make("button", "act primary", tr("rate.save"));
    save.type = "submit";
    form.append(make("div", "form-tools", save, button(tr("chat.cancel"), "", () => closeForm?.())));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      rating(values, { rating: values.rating, note: note.value, expected: expected.value, unanswerable: absent.checked });
      closeForm?.();
    });
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); closeForm?.(); } });
    const close = keep(form, () => section(values.turn));
    closeForm = () => { closeForm = null; close(); };
    (down ? expected : note).focus();
    form.scrollIntoView({ block: "nearest" });
  };

  // editing a question
  let closeEditor = null;
  acts.edit = (values) => {
    closeEditor?.();
    const asked = section(values.turn)?.querySelector(".asked");
    if (!asked) return;
    const later = [...document.querySelectorAll("#talk .exchange")].filter((one) => +one.dataset.turn > values.turn).length;
    const box = make("textarea"), form = make("form", "edit-form");
    box.value = asked.querySelector("h2").textContent;
    box.rows = Math.min(6, 1 + Math.ceil(box.value.length / 60));
    box.setAttribute("aria-label", tr("chat.question"));
    const note = later ? tr("chat.edit_cuts_more").replace("{n}", later) : tr("chat.edit_cuts");
    const ask = make("button", "act primary", tr("chat.send"));
    ask.type = "submit";
    form.append(box, make("p", "note", note), make("div", "form-tools", ask, button(tr("chat.cancel"), "", () => closeEditor?.())));
    const finish = () => {
      const question = box.value.trim();
      if (question && ragapp.ask({ question, edit: values.turn })) closeEditor?.();
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); finish(); });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.stopPropagation(); closeEditor?.(); }
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box) { event.preventDefault(); finish(); }
    });
    const close = keep(form, () => section(values.turn)?.querySelector(".asked"), "editing");
    closeEditor = () => { closeEditor = null; close(); };
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  };
})();
