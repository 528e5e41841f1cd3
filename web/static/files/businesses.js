// The table of businesses works without this. It adds: menus that stay open while something is chosen
// in them, ticking all rows of a page, how many are ticked, Escape in a field that is being changed.
(function () {
  "use strict";
  var root = function () { return document.querySelector("[data-businesses]"); };
  var each = function (selector, f) { if (root()) { root().querySelectorAll(selector).forEach(f); } };

  // What is ticked on this page. "All that match" says so itself.
  var tell = function () {
    if (!root()) { return; }
    var rows = Array.from(root().querySelectorAll('input[name="id"]'));
    var ticked = rows.filter(function (r) { return r.checked; }).length;
    var everyone = root().querySelector("[data-everyone]");
    each("[data-picked]", function (n) { n.textContent = everyone && everyone.checked ? n.dataset.every : String(ticked); });
    each("[data-all]", function (all) {
      all.hidden = false;
      all.checked = ticked > 0 && ticked === rows.length;
      all.indeterminate = ticked > 0 && ticked < rows.length;
    });
  };
  var last = null;
  document.addEventListener("click", function (event) {
    var box = event.target.closest && event.target.closest('[data-businesses] input[name="id"]');
    if (!box) { return; }
    if (event.shiftKey && last && last.isConnected) { // from the last one that was ticked to this one
      var rows = Array.from(root().querySelectorAll('input[name="id"]'));
      var ends = [rows.indexOf(last), rows.indexOf(box)].sort(function (a, b) { return a - b; });
      rows.slice(ends[0], ends[1] + 1).forEach(function (r) { r.checked = box.checked; });
    }
    last = box;
  });
  document.addEventListener("change", function (event) {
    if (!root() || !root().contains(event.target)) { return; }
    if (event.target.matches("[data-all]")) {
      each('input[name="id"]', function (r) { r.checked = event.target.checked; });
    }
    tell();
  });
  document.addEventListener("reset", function () { setTimeout(tell, 0); });

  // Menus stay open, and the focus where it was, while the table is exchanged; but for those whose
  // last choice closes them.
  var kept = [];
  document.addEventListener("click", function (event) {
    var closer = event.target.closest && event.target.closest("[data-businesses] [data-closes]");
    if (closer) { closer.closest("details").open = false; }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target && event.detail.target.id === "businesses") {
      kept = Array.from(document.querySelectorAll("#businesses details[data-pick][open]")).map(function (d) { return d.id; });
    }
  });
  document.addEventListener("htmx:afterSwap", function () {
    kept.forEach(function (id) { var d = id && document.getElementById(id); if (d) { d.open = true; } });
    kept = [];
    var fresh = document.querySelector("#businesses .chip.new details[open]");
    var first = fresh && fresh.querySelector("a, input:not([type=hidden]), select");
    if (first && !fresh.contains(document.activeElement)) { first.focus(); }
    tell();
  });
  // A page that says what went wrong is shown as a page.
  document.addEventListener("htmx:responseError", function (event) {
    var target = event.detail.target;
    if (target && target.id === "businesses" && event.detail.requestConfig.verb === "get") {
      location.assign(event.detail.pathInfo.finalRequestPath);
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || !event.target.closest) { return; }
    var form = event.target.closest("form[data-inline]");
    if (form) { form.querySelector("[data-cancel]").click(); }
  });
  document.addEventListener("htmx:load", function (event) {
    var form = event.detail.elt;
    if (form.matches && form.matches("form[data-inline]")) { form.querySelector('input[name="value"]').select(); }
  });
  tell();
})();
