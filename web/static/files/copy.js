// Buttons that copy a field beside them. Without this, people select the text themselves.
(function () {
  "use strict";
  if (!navigator.clipboard) { return; }
  var offer = function (root) {
    root.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
  };
  offer(document);
  document.addEventListener("htmx:afterSwap", function () { offer(document); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var field = document.getElementById(button.dataset.copy);
    navigator.clipboard.writeText(field.value).then(function () {
      button.textContent = "Copied";
      setTimeout(function () { button.textContent = "Copy"; }, 2000);
    }, function () { field.select(); });
  });
})();
