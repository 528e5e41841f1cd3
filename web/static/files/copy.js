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
      var name = button.dataset.name || button.textContent;
      button.dataset.name = name;
      button.textContent = button.dataset.copied;
      setTimeout(function () { button.textContent = name; }, 2000);
    }, function () { field.select(); });
  });
})();
