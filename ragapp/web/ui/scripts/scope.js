// "Search in": documents and folders are found by typing, however many there are.
"use strict";
(() => {
  const { acts, send, tr, onChange, language } = ragapp;

  let local = null, told = "";
  const written = () => document.querySelector("#scope .scope-box")?.dataset.scope || "[]";
  // what was chosen a moment ago, before the server's word on it
  const chosen = () => local ?? JSON.parse(written());
  onChange(() => { if (written() !== told) { told = written(); local = null; } });
  const choose = (patterns) => {
    local = patterns;
    send("scope", { patterns });
    for (const option of document.querySelectorAll(".scope-picker [role=option]")) {
      option.setAttribute("aria-selected", patterns.includes(option.dataset.pattern));
    }
  };
  const named = (pattern) => pattern.replace(/\/\*$/, "").replace(/\[([*?[])\]/g, "$1").split(/[\\/]/).pop();
  Object.assign(ragapp, { scope: chosen, scopeName: (patterns) => patterns.map(named).join(", ") });

  let close = null;
  const open = (opener) => {
    if (close) { close(); return; }
    const place = () => document.querySelector("#composer");
    const box = ragapp.make("input"), list = ragapp.make("ul"), more = ragapp.make("p", "note");
    const done = ragapp.make("button", "act", tr("scope.done"));
    const picker = ragapp.make("div", "scope-picker", box, list, ragapp.make("div", "form-tools", more, done));
    let active = -1, wanted = "", timer = 0;
    Object.assign(box, { type: "text", placeholder: tr("scope.find"), autocomplete: "off" });
    done.type = "button";
    list.id = "scope-list";
    const set = (element, values) => { for (const [name, value] of Object.entries(values)) element.setAttribute(name, value); };
    set(box, { role: "combobox", "aria-label": tr("scope.find"), "aria-expanded": "true", "aria-controls": "scope-list", "aria-autocomplete": "list" });
    set(list, { role: "listbox", "aria-multiselectable": "true", "aria-label": tr("scope.found") });
    more.setAttribute("role", "status");
    const options = () => [...list.children];
    const mark = (n) => {
      active = Math.max(-1, Math.min(n, options().length - 1));
      options().forEach((option, at) => option.classList.toggle("active", at === active));
      const option = options()[active];
      if (option) { box.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
      else box.removeAttribute("aria-activedescendant");
    };
    const toggle = (option) => {
      const pattern = option.dataset.pattern, now = chosen();
      choose(now.includes(pattern) ? now.filter((one) => one !== pattern) : [...now, pattern]);
    };
    const look = async () => {
      const asked = (wanted = box.value);
      let found;
      try { found = await (await fetch(`/ui/scopes?${new URLSearchParams({ q: asked, language })}`)).json(); } catch { return; }
      if (asked !== wanted) return;  // more was typed meanwhile
      list.replaceChildren(...found.choices.map((choice, n) => {
        const option = ragapp.make("li", "", ragapp.make("span", "scope-name", choice.name), ragapp.make("span", "scope-folder", choice.folder));
        option.id = `scope-option-${n}`;
        option.dataset.pattern = choice.pattern;
        set(option, { role: "option", "aria-selected": chosen().includes(choice.pattern) });
        option.addEventListener("pointerdown", (event) => event.preventDefault());
        option.addEventListener("click", () => { toggle(option); mark(n); });
        return option;
      }));
      more.textContent = !found.choices.length ? tr("scope.nothing") : found.more ? tr("scope.more").replace("{n}", found.more) : "";
      mark(box.value ? 0 : -1);
    };
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 120); });
    picker.addEventListener("keydown", (event) => {
      const moved = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (moved) { event.preventDefault(); mark(active + moved); }
      else if (event.key === "Enter" && event.target === box) { event.preventDefault(); if (options()[active]) toggle(options()[active]); }
      else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
    });
    const outside = (event) => {
      if (!picker.contains(event.target) && !event.target.closest?.(".scope-box")) close?.(true);
    };
    done.addEventListener("click", () => close());
    const remove = ragapp.keep(picker, place);
    addEventListener("pointerdown", outside, true);
    close = (elsewhere) => {
      close = null;
      clearTimeout(timer);
      removeEventListener("pointerdown", outside, true);
      remove();
      if (!elsewhere) document.querySelector("#scope .scope-open")?.focus();
    };
    box.focus();
    look();
  };
  Object.assign(acts, {
    "scope-open": (values, opener) => open(opener),
    "scope-remove": (values) => choose(chosen().filter((one) => one !== values.pattern)),
  });
})();
