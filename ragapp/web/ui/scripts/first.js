// The first minutes: choosing files, and the page's own address for other programs.
"use strict";
(() => {
  const { acts, showTab, onChange } = ragapp;

  const ownAddress = () => {
    for (const place of document.querySelectorAll(".own-address")) {
      const told = location.origin + place.dataset.path;
      if (place.textContent !== told) place.textContent = told;
    }
  };
  onChange(ownAddress);

  Object.assign(acts, {
    "copy-address": (values, button) => {
      const place = button.closest("dd")?.querySelector(".own-address");
      if (place) acts.copy({ text: place.textContent }, button);
    },
    "choose-here": (values, button) => { showTab("documents"); acts["choose-files"]?.(values, button); },
  });
})();
