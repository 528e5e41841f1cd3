// Passkeys: what forms alone cannot do. The pages work without it, by password.
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) { return; }

  var bytes = function (text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  };
  var text = function (buffer) {
    var plain = "";
    new Uint8Array(buffer).forEach(function (b) { plain += String.fromCharCode(b); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  var descriptors = function (list) {
    return (list || []).map(function (d) { return Object.assign({}, d, { id: bytes(d.id) }); });
  };
  var post = function (path, body) {
    return fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}), credentials: "same-origin"
    }).then(function (res) {
      return res.json().then(function (answer) {
        if (res.ok) { return answer; }
        var fields = (answer.errors || []).map(function (e) { return e.field + " " + e.reason; }).join(", ");
        throw new Error(fields ? answer.detail + " (" + fields + ")" : answer.detail);
      }, function () { throw new Error(failure.dataset.failed); });
    });
  };
  var answerOf = function (credential) {
    var r = credential.response, out = { clientDataJSON: text(r.clientDataJSON) };
    if (r.attestationObject) {
      out.attestationObject = text(r.attestationObject);
      out.transports = r.getTransports ? r.getTransports() : [];
    } else {
      out.authenticatorData = text(r.authenticatorData);
      out.signature = text(r.signature);
      out.userHandle = r.userHandle ? text(r.userHandle) : undefined;
    }
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: out,
      authenticatorAttachment: credential.authenticatorAttachment || undefined, clientExtensionResults: {}
    };
  };
  var failure = document.querySelector("[data-passkey-error]");
  var say = function (problem) {
    // Whoever closes the dialog knows that they did.
    var closed = problem && (problem.name === "NotAllowedError" || problem.name === "AbortError");
    var known = problem && problem.name === "InvalidStateError";
    failure.hidden = closed;
    failure.querySelector("span").textContent = known ? failure.dataset.known : (problem && problem.message) || failure.dataset.failed;
  };
  var once = function (button, work) {
    if (button.getAttribute("aria-busy") === "true") { return; }
    button.setAttribute("aria-busy", "true");
    failure.hidden = true;
    work().then(function (answer) { location.assign(answer.location); location.hash && location.reload(); }, function (problem) {
      button.removeAttribute("aria-busy");
      say(problem);
    });
  };

  document.querySelectorAll("[data-passkey-sign-in]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      once(button, function () {
        return post("/login/passkey/begin").then(function (begun) {
          var o = begun.options;
          return navigator.credentials.get({
            publicKey: Object.assign({}, o, { challenge: bytes(o.challenge), allowCredentials: descriptors(o.allowCredentials) })
          }).then(function (credential) {
            return post("/login/passkey", { ceremony: begun.ceremony, credential: answerOf(credential), next: button.dataset.next });
          });
        });
      });
    });
  });

  document.querySelectorAll("[data-passkey-add]").forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      once(form.querySelector("button"), function () {
        return post("/account/passkeys/begin").then(function (begun) {
          var o = begun.options;
          return navigator.credentials.create({
            publicKey: Object.assign({}, o, {
              challenge: bytes(o.challenge), user: Object.assign({}, o.user, { id: bytes(o.user.id) }),
              excludeCredentials: descriptors(o.excludeCredentials)
            })
          }).then(function (credential) {
            return post("/account/passkeys", { ceremony: begun.ceremony, name: form.elements.name.value, credential: answerOf(credential) });
          });
        });
      });
    });
  });
})();
