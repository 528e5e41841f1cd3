// The editor of campaigns works without this: "Show the mail" brings the preview. It adds: the mail
// follows what is typed, the frame takes the width of the screen that was chosen, leaving with something
// unsaved is asked about, and what was refused is where the reading goes on.
(function () {
  "use strict";
  var form = document.getElementById("draft");
  var told = document.querySelector("[data-focus]");
  if (told) { told.focus(); }
  if (!form) { return; }
  var device = document.querySelector("[data-device]");
  var frame = device.querySelector("iframe");
  var count = 0, waiting = 0;

  var fit = function () {
    var chosen = document.querySelector("input[name=view]:checked");
    device.classList.toggle("wide", !chosen || chosen.value !== "phone");
  };

  // Each answer goes into a frame of its own, which takes the old one's place when it is there: nothing
  // flickers, and going back leads to the page before, not through everything that was typed.
  var show = function () {
    var next = frame.cloneNode(false);
    next.removeAttribute("src");
    next.name = "draftframe-" + (++count);
    next.hidden = true;
    var mine = count;
    device.appendChild(next);
    var before = [form.action, form.target];
    form.action = form.dataset.draft;
    form.target = next.name;
    form.submit(); // not requestSubmit: a draft need not be complete
    form.action = before[0];
    form.target = before[1];
    next.addEventListener("load", function () { // from here on: the empty frame has had its own
      if (mine !== count) { next.remove(); return; }
      next.hidden = false;
      if (frame !== next) { frame.remove(); }
      frame = next;
    });
  };

  document.querySelector("[data-show]").hidden = true;
  var changed = false;
  document.addEventListener("input", function (event) {
    if (event.target.form !== form) { return; }
    if (event.target.name === "view") { fit(); } else { changed = true; }
    clearTimeout(waiting);
    waiting = setTimeout(show, 500);
  });
  document.addEventListener("htmx:afterSwap", function (event) { // slides in another order
    if (event.target.id !== "slides") { return; }
    changed = true;
    clearTimeout(waiting);
    show();
  });
  form.addEventListener("submit", function () { changed = false; });
  addEventListener("beforeunload", function (event) {
    if (changed) { event.preventDefault(); }
  });
  fit();
  if (!frame.hasAttribute("src")) { show(); }
})();
