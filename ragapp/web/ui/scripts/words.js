// Gradio names the parts of a slider in English, whatever language the page speaks.
"use strict";
(() => {
  const { onChange, tr } = ragapp;
  const name = (element, text) => {
    for (const attribute of ["aria-label", "title"]) {
      if (element.hasAttribute(attribute) && element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
    }
  };
  onChange(() => {
    for (const part of document.querySelectorAll(".reset-button")) name(part, tr("settings.reset"));
    const label = tr("settings.passages");
    for (const part of document.querySelectorAll("#setting-passages input")) name(part, label);
  });
})();
