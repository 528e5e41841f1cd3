// The chat page: shows an answer while it comes, and finds a conversation again after a reload. Without it
// every message is a form that is posted.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  addEventListener("keydown", (e) => { if (e.key === "Escape" && parent !== window) parent.postMessage("fibonacco-chat:close", "*"); });
  const ended = document.querySelector("[data-chat-ended]");
  const chat = document.querySelector("[data-chat]");
  const key = "chat:" + (chat || ended || document.body).dataset.slug;
  const kept = {
    get() { try { return sessionStorage.getItem(key) || ""; } catch { return ""; } },
    set(v) { try { v ? sessionStorage.setItem(key, v) : sessionStorage.removeItem(key); } catch { /* the browser keeps nothing in frames */ } },
  };
  if (ended) kept.set("");
  if (!chat) return;
  const base = "/chat/" + encodeURIComponent(chat.dataset.slug);
  if (!chat.dataset.session && kept.get()) { location.replace(base + "/" + kept.get()); return; }
  if (chat.dataset.session) kept.set(chat.dataset.session);

  const find = (what) => chat.querySelector(what);
  const form = find("[data-say]"), input = form.querySelector("[name=message]"), button = form.querySelector("button");
  const lines = find("[data-lines]"), problem = find("[data-problem]"), person = find("[data-person]");
  const box = lines.parentElement, end = () => { box.scrollTop = box.scrollHeight; };
  end();

  function line(visitor, text) {
    const li = document.createElement("li");
    li.className = visitor ? "bubble visitor" : "bubble";
    const who = document.createElement("b");
    who.className = "sr";
    who.textContent = (visitor ? lines.dataset.you : lines.dataset.assistant) + " ";
    const p = document.createElement("p");
    p.textContent = text;
    li.append(who, p);
    lines.append(li);
    end();
    return { li, p };
  }
  function refuse(text) {
    problem.textContent = text;
    problem.hidden = !text;
    input.setAttribute("aria-invalid", String(!!text));
  }
  function began(session) {
    kept.set(session);
    form.action = base + "/" + session;
    if (!person) return;
    person.querySelector("form").action = base + "/" + session + "/person";
    person.hidden = false;
  }
  // events yields what the server sends, as [name, value].
  async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      for (let at; (at = rest.indexOf("\n\n")) >= 0; rest = rest.slice(at + 2)) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(rest.slice(0, at)) || [];
        if (name) yield [name, JSON.parse(data)];
      }
    }
  }

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const text = input.value.trim();
    if (!text || button.disabled) { input.focus(); return; }
    refuse("");
    button.disabled = true;
    const mine = line(true, text);
    let answer = null;
    input.value = "";
    const back = (why) => { mine.li.remove(); input.value = text; refuse(why); };
    try {
      const reply = await fetch(form.action, { method: "POST", headers: { Accept: "text/event-stream" }, body: new URLSearchParams({ message: text }) });
      if (!reply.ok || !(reply.headers.get("Content-Type") || "").startsWith("text/event-stream")) throw new Error(reply.status);
      for await (const [name, value] of events(reply.body)) {
        if (name === "part") {
          answer = answer || line(false, "");
          answer.p.textContent += value;
          end();
        } else if (name === "refused") {
          back(value.message);
          if (value.ended) { kept.set(""); location.replace(base); }
        } else if (name === "done") {
          began(value.session);
          answer = answer || line(false, "");
          answer.p.textContent = value.text;
          if (value.links.length) {
            const p = document.createElement("p");
            p.className = "links";
            for (const link of value.links.filter((l) => /^(https?|tel|mailto):/.test(l.url))) {
              const a = document.createElement("a");
              a.href = link.url; a.textContent = link.label; a.target = "_blank"; a.rel = "noopener noreferrer";
              p.append(a);
            }
            answer.li.append(p);
          }
          if (person && value.offer) person.open = true;
          end();
        }
      }
    } catch { if (!answer) back(problem.dataset.failed); }
    button.disabled = false;
    input.focus();
  });
});
