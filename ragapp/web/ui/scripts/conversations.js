// Conversations: renamed in place, and each with an address of its own, which the back button knows.
"use strict";
(() => {
  const { acts, send, showTab, tr, onChange } = ragapp;

  let closeRename = null;
  acts.rename = (values) => {
    closeRename?.();
    const item = () => document.querySelector(`#talks li[data-id="${values.id}"]`);
    const box = ragapp.make("input"), form = ragapp.make("form", "rename-form", box);
    Object.assign(box, { type: "text", maxLength: 200, value: item()?.querySelector(".talk-title")?.textContent || "" });
    box.setAttribute("aria-label", tr("conversations.rename_label"));
    const before = box.value;
    const close = ragapp.keep(form, item, "renaming");
    closeRename = () => { closeRename = null; close(); };
    const finish = () => {
      if (!closeRename) return;
      const title = box.value.trim();
      closeRename();
      if (title && title !== before) send("conversations", { what: "rename", id: values.id, title });
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); finish(); });
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); closeRename?.(); } });
    // a list that is written anew takes the focus away, and gives it back
    box.addEventListener("blur", () => setTimeout(() => { if (box.isConnected && document.activeElement !== box) finish(); }, 150));
    box.focus();
    box.select();
  };

  // "?conversation=12" is a kept conversation, "#answer-3" an answer in it
  const inAddress = () => +(new URL(location.href).searchParams.get("conversation") || 0);
  let shown = null, push = false, going = false;
  const follow = () => {
    const now = ragapp.talkState();
    if (!now || new URL(location.href).searchParams.has("tab")) return;
    const id = now.conversation;
    if (id === shown) return;
    // one that got its number by its first answer is no other place to go back to
    const how = push || (shown && !going) ? "pushState" : "replaceState";
    const first = shown === null;
    shown = id;
    push = going = false;
    if (id === inAddress()) return;
    const address = new URL(location.href);
    if (id) address.searchParams.set("conversation", id);
    else address.searchParams.delete("conversation");
    if (!first) address.hash = "";
    history[how](history.state, "", address.href.replace(/#$/, ""));
  };
  onChange(follow);
  addEventListener("popstate", () => {
    const id = inAddress();
    if (shown === null || id === shown) return;
    going = true;
    showTab("chat");
    send("conversations", id ? { what: "open", id } : { what: "new" });
  });

  acts.conversations = (values) => {
    if (values.what === "open" || values.what === "new") { push = true; showTab("chat"); }
    send("conversations", values);
    if (values.what === "open") document.querySelector("#talks-column")?.classList.remove("unfolded");
    if (innerWidth <= 860 && values.what === "open") scrollTo(0, 0);
  };
  addEventListener("click", (event) => { if (event.target.closest?.("#new")) push = true; }, true);

  // on small screens the list is folded up below "New conversation"
  onChange(() => {
    const column = document.querySelector("#talks-column");
    if (!column || column.querySelector(".unfold")) return;
    const button = ragapp.make("button", "act unfold", tr("conversations.title"));
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => button.setAttribute("aria-expanded", column.classList.toggle("unfolded")));
    column.querySelector("#new")?.after(button);
  });
})();
