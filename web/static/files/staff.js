// Staff pages work without this. It adds: the theme switch, the search dialog, buttons that say
// that they are busy, menus that close, and what a live page does when its stream is lost.
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
      button.setAttribute("aria-label", dark() ? "Switch to light theme" : "Switch to dark theme");
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

  // Live overview: the stream is lost, or is back. A moment without it is not worth a word.
  var lost = 0;
  var live = document.querySelector("[data-live]");
  var state = function (ok) {
    each("[data-stale]", function (note) {
      var now = document.querySelector("[data-now]");
      if (!ok && note.hidden && now) { note.querySelector("[data-stale-time]").textContent = now.dataset.now; }
      note.hidden = ok;
    });
    each("[data-live-mark]", function (mark) {
      mark.classList.toggle("off", !ok);
      mark.textContent = ok ? "Live" : "Not live";
    });
  };
  document.addEventListener("htmx:sseError", function () {
    if (!lost) { lost = setTimeout(function () { state(false); }, 2500); }
  });
  document.addEventListener("htmx:sseOpen", function () {
    clearTimeout(lost);
    lost = 0;
    state(true);
  });
  each("[data-feed-pause]", function (button) {
    button.hidden = !live;
    button.addEventListener("click", function () {
      var paused = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(paused));
      button.setAttribute("aria-label", paused ? "Go on with the live list" : "Pause the live list");
      button.title = button.getAttribute("aria-label");
      button.querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
    });
  });
  document.addEventListener("htmx:sseBeforeMessage", function (event) {
    var pause = document.querySelector("[data-feed-pause]");
    if (event.target.matches("[data-feed]") && pause && pause.getAttribute("aria-pressed") === "true") { event.preventDefault(); }
  });
  // What is asked for again and again waits while nobody looks.
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.target.matches("[data-polled]") && document.hidden) { event.preventDefault(); }
  });
})();
