// The presentation of /learn: shows one slide at a time, reads it aloud when asked to, goes on where
// the reader stopped, and reports what was seen. Without it the page is a readable article.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted-page");

  document.addEventListener("DOMContentLoaded", () => {
    const deck = document.getElementById("deck");
    if (!deck) return;
    const report = reporter(deck);
    for (const yes of document.querySelectorAll("[data-yes]")) yes.addEventListener("click", report.approval);
    for (const paper of document.querySelectorAll("[data-download]")) paper.addEventListener("click", report.download);
    const slides = [...deck.querySelectorAll("[data-slide]")];
    if (slides.length) present(deck, slides, report);
    whenSeen(() => { report.start(); deck.dispatchEvent(new Event("seen")); });
  });

  // whenSeen waits until somebody looks: a page that is merely prepared is not a visit.
  function whenSeen(then) {
    const look = () => {
      if (document.visibilityState !== "visible" || document.prerendering) return;
      document.removeEventListener("visibilitychange", look);
      document.removeEventListener("prerenderingchange", look);
      then();
    };
    document.addEventListener("visibilitychange", look);
    document.addEventListener("prerenderingchange", look);
    look();
  }

  // reporter tells the server. What happens before it has named the visit waits for that.
  function reporter(deck) {
    const base = "/api/v1/content/" + encodeURIComponent(deck.dataset.slug) + "/track/";
    const began = performance.now();
    const seen = new Set();
    let view = "", waiting = [], over = false;
    const send = (what, more) => {
      if (over) return;
      if (!view) { waiting.push([what, more]); return; }
      const body = JSON.stringify({ view, seconds: Math.min(86400, Math.round((performance.now() - began) / 1000)), ...more });
      const blob = new Blob([body], { type: "application/json" });
      if (!navigator.sendBeacon || !navigator.sendBeacon(base + what, blob)) {
        fetch(base + what, { method: "POST", body: blob, keepalive: true }).catch(() => {});
      }
    };
    let last = 0, done = false;
    addEventListener("pagehide", () => { if (last) send("slide", { slide: last }); });
    return {
      start() {
        fetch(base + "start", {
          keepalive: true, // whoever leaves at once was here, too
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ recipient: deck.dataset.reader, version: Number(deck.dataset.version) || 0, from: document.referrer.slice(0, 500) }),
        }).then((a) => (a.ok ? a.json() : {})).then((a) => {
          view = a.view || "";
          over = !view;
          for (const [what, more] of waiting.splice(0)) send(what, more);
        }).catch(() => { over = true; });
      },
      slide(n) { last = n; if (!seen.has(n)) { seen.add(n); send("slide", { slide: n }); } },
      complete() { if (!done) { done = true; send("complete"); } },
      approval() { send("approval-click"); },
      download() { send("download"); },
    };
  }

  function present(deck, slides, report) {
    const find = (what) => deck.querySelector(what);
    const end = find("[data-end]"), controls = find("[data-controls]"), progress = controls.querySelector(".progress");
    const key = "learn:" + deck.dataset.slug, approvalAfter = Number(deck.dataset.approvalAfter);
    const narrator = voice(() => go(at + 1, true), (playing) => {
      controls.querySelector("[data-do=play]").setAttribute("aria-pressed", String(playing));
      const word = controls.querySelector("[data-play-word]");
      word.textContent = playing ? word.dataset.pause : word.dataset.listen;
      deck.classList.toggle("playing", playing);
    });
    let at = -1, furthest = 0, looked = false;

    const remembered = () => { try { return Number(localStorage.getItem(key)) || 0; } catch { return 0; } };
    const remember = (n) => { try { n > 0 && n < slides.length ? localStorage.setItem(key, n) : localStorage.removeItem(key); } catch { /* private browsing */ } };

    function go(to, byNarrator) {
      to = Math.max(0, Math.min(slides.length, to));
      if (to === at) return;
      at = to;
      const atEnd = at === slides.length;
      for (const [i, slide] of slides.entries()) slide.classList.toggle("at", i === at);
      end.classList.toggle("at", atEnd);
      furthest = Math.max(furthest, Math.min(at + 1, slides.length));
      deck.classList.toggle("may-approve", furthest >= approvalAfter && !atEnd && !slides[at].querySelector("[data-yes]"));
      [...progress.children].forEach((bar, i) => { bar.className = i < at ? "on" : i === at ? "now" : ""; });
      progress.setAttribute("aria-valuenow", String(Math.min(at + 1, slides.length)));
      const says = find("[data-says]"), place = find("[data-place]"), count = `${at + 1} ${place.dataset.of} ${slides.length}`;
      const where = atEnd ? says.dataset.after : `${says.dataset.nth} ${count}`;
      progress.setAttribute("aria-valuetext", where);
      place.textContent = atEnd ? place.dataset.last : count;
      controls.querySelector("[data-do=back]").disabled = at === 0;
      controls.querySelector("[data-do=next]").disabled = atEnd;
      remember(at);
      if (looked) seen();
      if (atEnd) narrator.stop();
      else if (narrator.playing()) narrator.read(slides[at]);
      // Whoever listens to the narration is not told twice.
      if (!narrator.playing()) says.textContent = atEnd ? where : `${where}: ${slides[at].querySelector("h1, h2").textContent}`;
      if (!byNarrator && deck.getBoundingClientRect().top < 0) deck.scrollIntoView({ block: "start" });
    }
    function seen() {
      if (at < slides.length) report.slide(at + 1);
      if (at >= slides.length - 1) report.complete();
    }
    const acts = {
      back: () => go(at - 1), next: () => go(at + 1),
      first: () => { find("[data-resumed]").hidden = true; go(0); },
      last: () => go(slides.length - 1),
      play: () => {
        if (narrator.playing()) { narrator.stop(); return; }
        if (at === slides.length) go(0);
        narrator.start(slides[at]);
      },
      stop: () => narrator.stop(),
    };
    deck.addEventListener("click", (e) => {
      const button = e.target.closest("[data-do]");
      if (button) acts[button.dataset.do]();
    });

    const keys = { ArrowRight: "next", ArrowDown: "", ArrowLeft: "back", Home: "first", End: "last", Escape: "stop", " ": "play", PageDown: "", PageUp: "" };
    document.addEventListener("keydown", (e) => {
      const act = keys[e.key];
      if (!act || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey || e.defaultPrevented) return;
      if (e.target.closest("input, textarea, select, [contenteditable]") || e.key === " " && e.target.closest("a, button")) return;
      if (deck.getBoundingClientRect().bottom < 144 && e.key !== "Escape") return; // the article has the keys
      e.preventDefault();
      acts[act]();
    });

    let from = null;
    const stage = find(".stage");
    stage.addEventListener("touchstart", (e) => { from = e.touches.length === 1 ? e.touches[0] : null; }, { passive: true });
    stage.addEventListener("touchend", (e) => {
      if (!from) return;
      const dx = e.changedTouches[0].clientX - from.clientX, dy = e.changedTouches[0].clientY - from.clientY;
      from = null;
      if (Math.abs(dx) > 55 && Math.abs(dx) > 2 * Math.abs(dy)) (dx < 0 ? acts.next : acts.back)();
    }, { passive: true });

    deck.addEventListener("seen", () => { looked = true; seen(); });
    document.addEventListener("visibilitychange", () => { if (document.hidden) narrator.stop(); });
    addEventListener("pagehide", () => narrator.stop());
    controls.hidden = false;
    deck.classList.add("on");
    const back = remembered();
    find("[data-resumed]").hidden = !(back > 0 && back < slides.length);
    go(back < slides.length ? back : 0, true);
  }

  // voice reads slides aloud: a file where there is one, else the browser's own voice, else silence for
  // as long as the words take. Whatever fails falls through to the next; nothing can hold the slides up.
  function voice(next, changed) {
    let on = false, turn = 0, timer = 0, sound = null;
    const speech = window.speechSynthesis;
    const hush = () => {
      turn++;
      clearTimeout(timer);
      if (sound) { sound.pause(); sound = null; }
      if (speech) speech.cancel();
    };
    const after = (mine, ms) => { clearTimeout(timer); timer = setTimeout(() => { if (mine === turn) { hush(); next(); } }, ms); };
    const silently = (mine, slide) => { if (mine === turn) after(mine, 1000 * slide.dataset.seconds); };
    const words = (slide) => (slide.querySelector("[data-words]") || slide.querySelector("h1, h2")).textContent.replace(/[“”]/g, "");

    function aloud(mine, slide) {
      if (mine !== turn) return;
      if (!speech || !window.SpeechSynthesisUtterance) { silently(mine, slide); return; }
      const said = new SpeechSynthesisUtterance(words(slide));
      said.lang = root.lang || "en";
      let begun = false;
      said.onstart = () => {
        begun = true;
        if (mine === turn) after(mine, 3000 * slide.dataset.seconds + 5000); // some browsers never say that they are done
      };
      said.onend = () => { if (mine === turn && begun) after(mine, 610); };
      said.onerror = () => silently(mine, slide);
      speech.speak(said);
      clearTimeout(timer);
      timer = setTimeout(() => { if (mine === turn && !begun) { speech.cancel(); silently(mine, slide); } }, 2500);
    }
    function read(slide) {
      hush();
      const mine = turn;
      if (!slide.dataset.audio) { aloud(mine, slide); return; }
      const file = new Audio(slide.dataset.audio);
      sound = file;
      let failed = false;
      const fail = () => { if (!failed && mine === turn) { failed = true; clearTimeout(timer); file.pause(); aloud(mine, slide); } };
      file.onerror = fail;
      file.onended = () => { if (mine === turn) after(mine, 610); };
      file.onplaying = () => { if (mine === turn) after(mine, 3000 * slide.dataset.seconds + 5000); };
      timer = setTimeout(fail, 5000); // a file that does not come
      file.play().catch(fail);
    }
    return {
      playing: () => on,
      start(slide) { on = true; changed(true); read(slide); },
      stop() { if (!on) return; on = false; hush(); changed(false); },
      read,
    };
  }
})();
