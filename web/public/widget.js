// Puts a button on somebody's page that opens our chat in a frame. The page's own styles and scripts are
// not touched, and nothing of the page is read. Usage: <script src="…/chat/your-name/widget.js" async></script>
"use strict";
(() => {
  const me = document.currentScript;
  if (!me || document.getElementById("fibonacco-chat")) return;
  const page = me.src.replace(/\/widget\.js(\?.*)?$/, "");
  const style = (element, rules) => { for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value); return element; };
  const start = () => {
    const button = style(document.createElement("button"), {
      position: "fixed", right: "16px", bottom: "16px", "z-index": "2147483000", padding: "13px 21px", border: "0", "border-radius": "999px",
      background: "#0f5570", color: "#fff", font: "600 16px/1.25 system-ui, sans-serif", cursor: "pointer", "box-shadow": "0 5px 13px rgb(20 34 44 / .25)",
    });
    button.type = "button";
    button.id = "fibonacco-chat";
    button.setAttribute("aria-expanded", "false");
    let frame = null;
    const show = (open) => {
      if (open && !frame) {
        frame = style(document.createElement("iframe"), {
          position: "fixed", right: "16px", bottom: "76px", "z-index": "2147483000", width: "min(377px, calc(100vw - 32px))", height: "min(610px, calc(100vh - 96px))",
          border: "1px solid #c6c3ba", "border-radius": "13px", background: "#fff", "box-shadow": "0 21px 55px rgb(20 34 44 / .25)",
        });
        frame.title = "Chat with an automatic assistant";
        frame.referrerPolicy = "no-referrer";
        frame.src = page;
        button.before(frame);
      }
      if (frame) frame.style.setProperty("display", open ? "block" : "none");
      button.textContent = open ? "Close the chat" : "Ask a question";
      button.setAttribute("aria-expanded", String(open));
      if (open) frame.focus(); else if (frame) button.focus();
    };
    button.textContent = "Ask a question";
    button.addEventListener("click", () => show(button.getAttribute("aria-expanded") === "false"));
    addEventListener("message", (e) => {
      if (frame && e.source === frame.contentWindow && e.data === "fibonacco-chat:close") show(false);
    });
    document.body.append(button);
  };
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();
