// For River's own pages, before their script. That script writes some styles (of the notes that come and go, and of a change
// of colors) into <style> elements, which our policy forbids. Here it gets elements that are none, and what it writes into
// them becomes style sheets in the way that the policy allows to scripts.
"use strict";
globalThis.__zod_globalConfig = { jitless: true }; // else it tries whether it may make code out of text, which it may not
{
  const make = document.createElement;
  document.createElement = function (name, ...more) {
    return make.call(this, String(name).toLowerCase() === "style" ? "river-style" : name, ...more);
  };
  const adopt = () => {
    document.adoptedStyleSheets = [...document.head.querySelectorAll("river-style")].map((from) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(from.textContent);
      return sheet;
    });
  };
  new MutationObserver(adopt).observe(document.head, { childList: true, characterData: true, subtree: true });
}
