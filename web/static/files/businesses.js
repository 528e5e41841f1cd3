// The table of businesses works without this. It adds: menus that stay open while something is chosen
// in them, ticking all rows of a page, ticks that outlast the page, Escape in a field that is being changed.
(function () {
  "use strict";
  var root = function () { return document.querySelector("[data-businesses]"); };
  var each = function (selector, f) { if (root()) { root().querySelectorAll(selector).forEach(f); } };

  // Who is ticked is remembered for as long as the tab is open, apart for each filter, so that paging,
  // sorting and going back lose nobody. Those of other pages go along as hidden fields of the bar.
  var kin = new Map(); // where the browser keeps nothing
  var most = 2000;
  var place = function (list) { return "chosen:" + list; };
  var chosen = function (list) {
    try { return new Set(JSON.parse(sessionStorage.getItem(place(list)) || "[]")); } catch { return kin.get(list) || new Set(); }
  };
  var keep = function (list, all) {
    kin.set(list, all);
    try {
      if (all.size) { sessionStorage.setItem(place(list), JSON.stringify(Array.from(all))); } else { sessionStorage.removeItem(place(list)); }
    } catch { /* the page in memory has it */ }
  };
  var bar = function () { return document.getElementById("chosen"); };
  var boxes = function () { return root() ? Array.from(root().querySelectorAll('tbody input[name="id"]')) : []; };

  // recall ticks what was ticked before.
  var recall = function () {
    if (!bar()) { return; }
    var all = chosen(bar().dataset.set);
    boxes().forEach(function (r) { r.checked = all.has(r.value); });
    tell();
  };
  // note remembers what is ticked on this page.
  var note = function () {
    if (!bar()) { return; }
    var all = chosen(bar().dataset.set);
    boxes().forEach(function (r) {
      if (!r.checked) { all.delete(r.value); } else if (all.size < most) { all.add(r.value); } else { r.checked = all.has(r.value); }
    });
    keep(bar().dataset.set, all);
    tell();
  };
  var tell = function () {
    if (!bar()) { return; }
    var rows = boxes(), here = new Set(rows.map(function (r) { return r.value; }));
    var ticked = rows.filter(function (r) { return r.checked; }).length;
    var others = Array.from(chosen(bar().dataset.set)).filter(function (id) { return !here.has(id); });
    bar().querySelector("[data-elsewhere]").replaceChildren.apply(bar().querySelector("[data-elsewhere]"), others.map(function (id) {
      var field = document.createElement("input");
      field.type = "hidden"; field.name = "id"; field.value = id;
      return field;
    }));
    var everyone = bar().querySelector("[data-everyone]"), all = Boolean(everyone && everyone.checked);
    each("[data-picked]", function (n) { n.textContent = all ? n.dataset.every : (ticked + others.length).toLocaleString("en-US"); });
    each("[data-others]", function (n) { n.textContent = all || !others.length ? "" : n.dataset.words.replace("{n}", others.length.toLocaleString("en-US")); });
    each("[data-all]", function (box) {
      box.hidden = false;
      box.checked = ticked > 0 && ticked === rows.length;
      box.indeterminate = ticked > 0 && ticked < rows.length;
    });
  };
  var last = null;
  document.addEventListener("click", function (event) {
    var box = event.target.closest && event.target.closest('[data-businesses] input[name="id"]');
    if (!box) { return; }
    if (event.shiftKey && last && last.isConnected) { // from the last one that was ticked to this one
      var rows = boxes();
      var ends = [rows.indexOf(last), rows.indexOf(box)].sort(function (a, b) { return a - b; });
      rows.slice(ends[0], ends[1] + 1).forEach(function (r) { r.checked = box.checked; });
    }
    last = box;
  });
  document.addEventListener("change", function (event) {
    if (!root() || !root().contains(event.target)) { return; }
    if (event.target.matches("[data-all]")) {
      boxes().forEach(function (r) { r.checked = event.target.checked; });
    }
    if (event.target.matches('[data-all], input[name="id"]')) { note(); } else { tell(); }
  });
  document.addEventListener("reset", function (event) {
    if (event.target === bar()) { keep(bar().dataset.set, new Set()); setTimeout(recall, 0); }
  });

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
    recall();
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
  document.addEventListener("htmx:historyRestore", recall);
  addEventListener("pageshow", recall);
  recall();
  // A change that has begun was what they were ticked for.
  document.querySelectorAll("[data-chosen-done]").forEach(function (done) { keep(done.dataset.chosenDone, new Set()); });
})();
