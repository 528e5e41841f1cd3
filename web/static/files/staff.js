// Staff pages work without this. It adds: the theme switch, the search dialog, shortcuts, buttons that
// say that they are busy, menus that close, and toasts that go.
(function () {
  "use strict";
  var root = document.documentElement;
  var each = function (selector, f) { document.querySelectorAll(selector).forEach(f); };

  // Theme: the system's until somebody chooses; the server reads the cookie, so nothing flashes.
  var dark = function () {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  each("[data-theme-switch]", function (button) {
    var name = function () {
      button.setAttribute("aria-label", dark() ? button.dataset.toLight : button.dataset.toDark);
      button.title = button.getAttribute("aria-label");
      button.querySelector("use").setAttribute("href", dark() ? "#i-sun" : "#i-moon");
    };
    button.hidden = false;
    name();
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      document.cookie = "fibonacco_theme=" + root.dataset.theme + ";path=/;max-age=31536000;samesite=lax";
      name();
    });
  });

  // Search dialog.
  var palette = document.querySelector("[data-palette]");
  var open = function (event) {
    if (!palette || !palette.showModal) { return; }
    event.preventDefault();
    if (!palette.open) { palette.showModal(); }
    var input = palette.querySelector("input");
    input.select();
    input.dispatchEvent(new Event("asked"));
  };
  each("[data-find]", function (link) { link.addEventListener("click", open); });
  each("[data-shortcut]", function (key) {
    key.hidden = false;
    if (/Mac|iPhone|iPad/.test(navigator.platform)) { key.textContent = "⌘ K"; }
  });
  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { open(event); }
    if (event.key === "Escape") { each("details[data-pick][open]", function (d) { d.open = false; d.querySelector("summary").focus(); }); }
    if (palette && palette.open && event.key === "Escape") { event.preventDefault(); palette.close(); } // not only empties the field
    if (palette && palette.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      var stops = [palette.querySelector("input")].concat(Array.from(palette.querySelectorAll("li a")));
      var at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      stops[(at + stops.length) % stops.length].focus();
      event.preventDefault();
    }
  });
  if (palette) {
    palette.addEventListener("click", function (event) { if (event.target === palette) { palette.close(); } });
    palette.addEventListener("submit", function (event) {
      var first = palette.querySelector("li a");
      if (first) { event.preventDefault(); first.click(); }
    });
  }
  document.addEventListener("click", function (event) {
    each("details[data-pick][open]", function (d) { if (!d.contains(event.target)) { d.open = false; } });
  });

  // Shortcuts: ? shows them, / searches, G and a letter lead to a page. Single keys can be turned off,
  // for those whose speech is typed by a machine.
  var keys = document.querySelector("[data-keys]");
  var single = function () { try { return localStorage.getItem("fibonacco_keys") !== "off"; } catch (e) { return true; } };
  var showKeys = function () { if (palette && palette.open) { palette.close(); } if (!keys.open) { keys.showModal(); } };
  var going = 0;
  if (keys && keys.showModal) {
    each("[data-keys-open]", function (button) { button.addEventListener("click", showKeys); });
    keys.addEventListener("click", function (event) { if (event.target === keys) { keys.close(); } });
    var on = keys.querySelector("[data-keys-on]");
    on.checked = single();
    on.addEventListener("change", function () {
      try { localStorage.setItem("fibonacco_keys", on.checked ? "on" : "off"); } catch (e) { on.checked = true; }
    });
    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !single()) { return; }
      if (event.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")) { return; }
      if (document.querySelector("dialog[open]")) { return; }
      if (going && Date.now() - going < 1500) {
        var to = keys.querySelector('[data-go="' + CSS.escape(event.key.toUpperCase()) + '"]');
        if (to) { event.preventDefault(); location.href = to.href; }
      } else if (event.key === "?") {
        event.preventDefault();
        showKeys();
      } else if (event.key === "/") {
        open(event);
      }
      going = event.key === "g" && !event.repeat ? Date.now() : 0;
    });
  }

  // A toast says its sentence once: it goes after a while unless something can be undone with it, and
  // does not come back with the page.
  each("[data-toast]", function (toast) {
    var close = toast.querySelector("[data-toast-close]"), here = new URL(location.href), timer = 0;
    close.hidden = false;
    close.addEventListener("click", function () { toast.remove(); });
    here.searchParams.delete("done");
    history.replaceState(history.state, "", here);
    var wait = function () { timer = toast.querySelector("form") ? 0 : setTimeout(function () { toast.remove(); }, 8000); };
    ["mouseenter", "focusin"].forEach(function (name) { toast.addEventListener(name, function () { clearTimeout(timer); }); });
    ["mouseleave", "focusout"].forEach(function (name) { toast.addEventListener(name, wait); });
    wait();
  });

  // A form is sent once; its button keeps its width and says what goes on.
  document.addEventListener("submit", function (event) {
    var button = event.submitter;
    if (!button || event.defaultPrevented || event.target.method !== "post") { return; }
    if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busy) {
      button.style.minWidth = button.offsetWidth + "px";
      var spin = document.createElement("span");
      spin.className = "spin";
      spin.setAttribute("aria-hidden", "true");
      button.replaceChildren(spin, document.createTextNode(button.dataset.busy));
    }
  });
  addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });

  // What is asked for again and again waits while nobody looks.
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.matches("[data-polled]") && document.hidden) { event.preventDefault(); }
  });
})();
