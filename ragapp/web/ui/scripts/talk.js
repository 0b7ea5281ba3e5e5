// The talk: a question stands there as soon as it is sent, is not lost when the server is away, and a draft stays.
"use strict";
(() => {
  const { acts, field, fill, send, tr, onChange } = ragapp;

  // what the server last said of the talk
  const talkState = () => {
    try { return JSON.parse(document.querySelector("#after .talk-state").dataset.state); } catch { return null; }
  };
  ragapp.talkState = talkState;

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
      // the first screen is read from its beginning
      if (!pinned || document.querySelector("#live .welcome")) return;
      talk.scrollTop = talk.scrollHeight;
      // an answer that is there whole is read from its beginning
      const done = document.querySelector("#live .exchange:not(.running)");
      const above = done ? talk.getBoundingClientRect().top - done.getBoundingClientRect().top : 0;
      if (above > 0) talk.scrollTop -= above;
    })
      .observe(talk, { childList: true, subtree: true, characterData: true });
  };
  onChange(follow);

  // an answer that the address names
  let sought = location.hash;
  const seek = () => {
    const there = /^#answer-\d+$/.test(sought) && document.querySelector(sought);
    if (!there) return;
    sought = "";
    pinned = false;
    there.scrollIntoView({ block: "start" });
    there.classList.add("linked");
  };
  onChange(seek);
  addEventListener("hashchange", () => { sought = location.hash; seek(); });

  const remember = (key, value) => {
    try {
      if (value === null) sessionStorage.removeItem("ragapp-" + key);
      else if (value !== undefined) sessionStorage.setItem("ragapp-" + key, JSON.stringify(value));
      return JSON.parse(sessionStorage.getItem("ragapp-" + key));
    } catch { return null; }
  };

  // A question stands in the talk as soon as it is sent: the same markup as the server's first word on it, which then
  // finds nothing to change.  Texts go in as texts.  What the server refuses, it answers with the talk as it was.
  const running = () => document.querySelector("#live .exchange.running");
  const asking = (question, within, from) => {
    const make = ragapp.make;
    const [log, live] = ["log", "live"].map((id) => document.querySelector(`#${id} .prose`));
    if (!log || !live || !question || running()) return;
    const asked = make("div", "asked", make("h2", "", question));
    if (within) asked.append(make("span", "within", within));
    const seconds = make("span", "seconds", "0 s"), stage = make("div", "stage", make("span", "dot"));
    seconds.dataset.started = "0.0";
    const told = make("span", "", tr("stage.searching"));
    told.setAttribute("role", "status");
    stage.append(told, " ", seconds);
    const last = live.querySelector(".exchange");
    if (last && !(+last.dataset.turn >= from)) log.append(last);
    for (const one of log.querySelectorAll(".exchange")) if (+one.dataset.turn >= from) one.remove();
    const section = make("section", "exchange running", asked, stage);
    section.setAttribute("aria-live", "off");  // stages are told by their own role, the answer when it is whole
    live.replaceChildren(section);
    pinned = true;
  };
  const told = (patterns) => (patterns.length ? tr("chat.within").replace("{name}", () => ragapp.scopeName(patterns)) : "");

  // What was sent is kept by the browser until there is an answer: the server may be away, or go away.
  let pending = remember("pending"), since = 0, before = !!pending, away = false;
  const keepPending = (value) => { pending = value; remember("pending", value); };
  const dispatch = (again) => { since = performance.now(); send(pending.act, { ...pending, again }); };
  const show = () => asking(pending.question, pending.within, pending.from ?? Infinity);
  // `from`: the turn that it takes the place of, with all behind it; null where it stands behind the last
  const begin = (act, question, within, from, values) => {
    if (running() || talkState()?.answering || (pending && away)) { notice(tr("chat.not_now")); return false; }
    const name = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const { conversation, last: behind } = talkState() || {};
    keepPending({ ...values, act, question, within, from, name, conversation, behind, at: Date.now() });
    before = false;
    notice("");
    show();
    dispatch(false);
    return true;
  };
  const ask = ({ question, scope = ragapp.scope(), edit = null }) => begin("ask", question, told(scope), edit, { scope, edit });
  ragapp.ask = ask;
  acts.ask = (values) => ask(values);

  let closeNotice = null;
  const notice = (text) => {
    closeNotice?.();
    closeNotice = null;
    if (!text) return;
    const box = ragapp.make("div", "talk-notice away", text);
    box.setAttribute("role", "alert");
    closeNotice = ragapp.keep(box, () => document.querySelector("#composer"));
  };
  const back = (text) => {
    const box = field("question");
    if (box && !box.value.trim()) fill(box, text);
  };
  const heed = () => {
    const now = talkState();
    if (!now || !pending) return;
    if (now.refused.includes(pending.name)) {
      if (pending.act === "ask") back(pending.question);
      keepPending(null);
    } else if (now.taken.includes(pending.name)) {
      before = false;
      if (!now.answering) { keepPending(null); notice(""); }
    } else if (before && document.querySelector("#live .exchange, #live .welcome")) {
      // of before a reload, and the server knows nothing of it: it was away, or has been started anew
      before = false;
      if (Date.now() - pending.at > 3600e3) { back(pending.question); keepPending(null); return; }
      // turns are known by their numbers only within the conversation that it was sent in
      if (!now.conversation || now.conversation !== pending.conversation) {
        const scope = pending.scope || [];
        keepPending({ ...pending, act: "ask", scope, within: told(scope), edit: null, from: null });
      }
      show();
      dispatch(true);
    }
  };
  onChange(heed);
  setInterval(async () => {
    if (!pending || !since || performance.now() - since < 3000) return;
    let there = true;
    try { await fetch("/ui/alive", { cache: "no-store" }); } catch { there = false; }
    if (!there && !away) {
      away = true;
      notice(tr("chat.away"));
    }
    const stage = away && document.querySelector("#live .exchange.running .stage span:not(.dot):not(.seconds)");
    if (stage && stage.textContent !== tr("chat.away_stage")) stage.textContent = tr("chat.away_stage");
    // a server that was started anew does not know this page
    if (there && away) { location.reload(); return; }
    // what was sent while the page was still being made may never have left; the server knows a name that it has heard
    const now = there && talkState();
    if (now && pending && !now.taken.includes(pending.name) && !now.refused.includes(pending.name)) {
      show();
      dispatch(false);
    }
  }, 2000);

  // a draft stays over a reload, another language, and a server that goes away
  let restored = false;
  onChange(() => {
    const box = !restored && field("question");
    if (!box) return;
    restored = true;
    const draft = remember("draft");
    if (draft && !box.value) fill(box, draft);
  });
  addEventListener("input", (event) => {
    if (event.target.closest?.("#question")) remember("draft", event.target.value || null);
  });

  const submit = () => {
    const box = field("question"), question = (box?.value || "").trim();
    if (!question || !ask({ question })) return;
    fill(box, "");  // here, not by the server: its word may come when the next question is being typed
  };
  acts.retry = (values) => {
    const scope = values.where === "all" ? [] : values.where === "chosen" ? ragapp.scope() : undefined;
    const last = [...document.querySelectorAll("#talk .exchange[data-turn]")].pop();
    const asked = document.querySelector(`#talk .exchange[data-turn="${values.turn}"] .asked`);
    if (!asked) return;
    const within = scope ? told(scope) : asked.querySelector(".within")?.textContent;
    const from = +last.dataset.turn === values.turn ? values.turn : null;
    begin("retry", asked.querySelector("h2").textContent, within, from, scope ? { ...values, scope } : values);
  };
  acts.otherwise = acts.retry;
  addEventListener("click", (event) => {
    if (event.target.closest?.("#send")) submit();
    const box = event.target.closest?.("#new") && field("question");
    if (box) { fill(box, ""); notice(""); }
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.closest?.("#question")) return;
    event.preventDefault();
    event.stopPropagation();
    submit();
  }, true);
})();
