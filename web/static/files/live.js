// Pages that move while they are open. [data-live] names a stream whose events are parts of the page,
// [data-part], by name. While the stream is away, the page asks for itself every few seconds; when that
// fails as well, it says since when its figures stand still. What somebody is busy with is left alone
// until they are done, and [data-live-pause] holds the parts that it names.
(function () {
  "use strict";
  var page = document.querySelector("[data-live]");
  if (!page || !window.EventSource || !window.fetch) { return; }
  var each = function (selector, f) { document.querySelectorAll(selector).forEach(f); };
  var ASK = 10000, WORTH_A_WORD = 2500, AGAIN = 3000, HIDDEN = 30000;
  var held = {}, holds = {};
  var source, reconnect, lost, asking, hiding;

  var part = function (name) { return page.querySelector('[data-part="' + name + '"]'); };
  var busy = function (at) {
    var active = document.activeElement, chosen = getSelection();
    return at.querySelector("details[open]") || at.contains(active) && active.matches("input, select, textarea") ||
      !chosen.isCollapsed && at.contains(chosen.anchorNode);
  };
  var swap = function (at, html) {
    var focus = at.contains(document.activeElement) && document.activeElement.id;
    var scrolled = Array.from(at.querySelectorAll(".tablewrap"), function (e) { return e.scrollLeft; });
    at.innerHTML = html;
    if (window.htmx) { htmx.process(at); }
    at.querySelectorAll(".tablewrap").forEach(function (e, i) { e.scrollLeft = scrolled[i] || 0; });
    if (focus && document.getElementById(focus)) { document.getElementById(focus).focus({ preventScroll: true }); }
  };
  var show = function (name, html) {
    var at = part(name);
    if (!at) { return; }
    if (holds[name] || busy(at)) { held[name] = html; return; }
    delete held[name];
    swap(at, html);
  };
  setInterval(function () { Object.keys(held).forEach(function (name) { show(name, held[name]); }); }, 700);

  // What the page says about itself: live, asking now and then, or standing still. Its mark has the words.
  var say = function (state, still) {
    each("[data-live-mark]", function (e) {
      e.hidden = false;
      e.classList.toggle("off", state !== "on");
      e.textContent = { on: e.dataset.on, asking: e.dataset.asking, off: e.dataset.off }[state].replace("%d", ASK / 1000);
    });
    each("[data-stale]", function (note) {
      var now = document.querySelector("[data-now]");
      if (still && note.hidden && now) { note.querySelector("[data-stale-time]").textContent = now.dataset.now; }
      note.hidden = !still;
    });
  };
  var ask = function () {
    if (document.hidden) { return; }
    fetch(location.href, { headers: { Accept: "text/html" } }).then(function (answer) {
      if (answer.redirected) { location.reload(); } // signed out: the form leads back here
      if (!answer.ok) { throw new Error(answer.status); }
      return answer.text();
    }).then(function (text) {
      if (!lost) { return; }
      new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-live] [data-part]").forEach(function (e) {
        if (part(e.dataset.part).innerHTML !== e.innerHTML) { show(e.dataset.part, e.innerHTML); }
      });
      say("asking", false);
    }).catch(function () { if (lost) { say("off", true); } });
  };
  var away = function () {
    if (source) { source.close(); }
    source = null;
    clearTimeout(reconnect);
    reconnect = setTimeout(connect, AGAIN);
    if (lost) { return; }
    lost = setTimeout(function () {
      say("off", true);
      ask();
      asking = setInterval(ask, ASK);
    }, WORTH_A_WORD);
  };
  var back = function () {
    clearTimeout(lost);
    clearInterval(asking);
    lost = asking = 0;
    say("on", false);
  };
  var connect = function () {
    if (source || document.hidden && !lost) { return; }
    source = new EventSource(page.dataset.live);
    source.onopen = back;
    source.onerror = away;
    page.querySelectorAll("[data-part]").forEach(function (e) {
      source.addEventListener(e.dataset.part, function (event) { show(e.dataset.part, event.data); });
    });
  };
  // A browser keeps six connections to one house, so that a tab that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", function () {
    clearTimeout(hiding);
    if (!document.hidden) { connect(); return; }
    hiding = setTimeout(function () {
      clearTimeout(reconnect);
      if (source) { source.close(); }
      source = null;
    }, HIDDEN);
  });
  addEventListener("pagehide", function () { if (source) { source.close(); } });

  each("[data-live-pause]", function (button) {
    var names = button.dataset.livePause.split(" ");
    button.hidden = false;
    button.addEventListener("click", function () {
      var paused = button.getAttribute("aria-pressed") !== "true";
      names.forEach(function (name) { holds[name] = paused; });
      button.setAttribute("aria-pressed", String(paused));
      button.setAttribute("aria-label", paused ? button.dataset.goOn : button.dataset.hold);
      button.title = button.getAttribute("aria-label");
      button.querySelector("use").setAttribute("href", paused ? "#i-play" : "#i-pause");
      if (!paused) { names.forEach(function (name) { if (name in held) { show(name, held[name]); } }); }
    });
  });
  connect();
})();
