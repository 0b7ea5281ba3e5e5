// What Gradio needs of the browser before it starts; see ragapp/web/gradio_adapter.py.
"use strict";
const ragapp = (() => {
  const store = (key, value) => {
    try {
      if (value !== undefined) localStorage.setItem("ragapp-" + key, value);
      return localStorage.getItem("ragapp-" + key);
    } catch { return null; }
  };

  // What the server tells comes by several ways, and so not always in the order in which it was told. Each text begins
  // with a comment: the name of its place and a number that grows; see in_turn in ragapp/web/ui/tab.py.
  const newest = new Map();
  const latest = (told) => {
    const mark = /^<!--(\S+) (\d+)-->/.exec(told);
    if (!mark) return told;
    const [{ length }, place, number] = mark, shown = newest.get(place);
    if (shown && shown.number > Number(number)) return shown.text;
    const text = told.slice(length);
    newest.set(place, { number: Number(number), text });
    return text;
  };

  // Gradio's HTML component makes a function out of its template by way of Function, which a strict content policy
  // forbids. The only templates here are fixed text and "${value}", and for those no code need be made.
  const Real = Function;
  window.Function = function (...args) {
    const body = String(args.pop() ?? ""), names = args.map(String).join(",").split(",").map((name) => name.trim());
    const template = /^return `((?:[^`\\$]|\$\{value\})*)`;$/.exec(body);
    if (template) return (...values) => template[1].split("${value}").join(latest(String(values[names.indexOf("value")] ?? "")));
    const fixed = /^\s*return ("(?:[^"\\]|\\.)*");?\s*$/.exec(body);
    if (fixed) { const text = JSON.parse(fixed[1]); return () => text; }
    return Real(...args, body);
  };
  window.Function.prototype = Real.prototype;

  // Its labels follow the browser's language; there is no other way to tell it which one a person has chosen.
  const chosen = store("language"), wanted = navigator.languages || ["en"];
  const known = (code) => RAGAPP_TEXTS[code];
  const language = known(chosen) ? chosen : wanted.map((code) => code.slice(0, 2)).find(known) || "en";
  for (const [name, value] of [["language", language], ["languages", [language]]]) {
    Object.defineProperty(navigator, name, { get: () => value, configurable: true });
  }
  document.documentElement.lang = language;

  return { store, language, tr: (key) => RAGAPP_TEXTS[language][key] || key };
})();
