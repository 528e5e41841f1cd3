// Pages about queues: draws charts with uPlot from the series that the page carries, again when they
// move, when the theme changes and when there is more room; and asks for the page every few seconds
// while its stream is lost. Without scripts, each chart's summary says the same in words.
(function () {
  "use strict";
  var root = document.documentElement;
  var token = function (name) { return getComputedStyle(root).getPropertyValue(name).trim(); };
  var plots = {};

  // A time as the pages write it.
  var duration = function (ms) {
    if (ms === null || ms === undefined) { return "none"; }
    if (ms < 1000) { return Math.round(ms) + " ms"; }
    if (ms < 10000) { return (ms / 1000).toFixed(1).replace(/\.0$/, "") + " s"; }
    if (ms < 60000) { return Math.round(ms / 1000) + " s"; }
    if (ms < 3600000) { return Math.round(ms / 60000) + " min"; }
    return (ms / 3600000).toFixed(1).replace(/\.0$/, "") + " h";
  };
  var count = function (n) {
    if (n === null || n === undefined) { return "none"; }
    return n > 0 && n < 9.95 ? String(Math.round(n * 10) / 10) : Math.round(n).toLocaleString("en-US");
  };

  var dayText = function (d) { return uPlot.fmtDate("{D} {MMM}")(d); };
  var clockText = function (d) { return uPlot.fmtDate("{HH}:{mm}")(d); };

  var looks = {
    area: function () { return { stroke: token("--ink-4"), fill: token("--ink-1"), width: 1.75 }; },
    line: function () { return { stroke: token("--ink-4"), width: 1.75 }; },
    soft: function () { return { stroke: token("--ink-2"), width: 1.75 }; },
    before: function () { return { stroke: token("--chart-prev"), width: 1.5, dash: [3, 3] }; }
  };

  // A line goes over a quiet minute or two. Over more it stops: nothing is known of that time, and a stroke
  // would invent it. What stands alone between such gaps is a dot.
  var bridged = 4;
  var longGaps = function (u, s, first, last, gaps) {
    var step = u.bbox.width / Math.max(1, u.data[0].length - 1);
    return gaps.filter(function (gap) { return gap[1] - gap[0] > bridged * step; });
  };
  var alone = function (u, s) {
    var values = u.data[s], found = [];
    values.forEach(function (v, i) {
      if (v !== null && values.slice(Math.max(0, i - bridged), i + bridged + 1).filter(function (w) { return w !== null; }).length === 1) { found.push(i); }
    });
    return found.length ? found : null;
  };

  var options = function (series, width) {
    var write = series.millis ? duration : count;
    var font = "11px " + token("--font");
    var grid = { stroke: token("--chart-grid"), width: 1 };
    return {
      width: width, height: 178, tzDate: function (at) { return uPlot.tzDate(new Date(at * 1000), series.zone); },
      padding: [13, 8, 0, 0],
      cursor: { y: false, points: { size: 6 } },
      legend: { live: true },
      scales: { y: { range: function (u, low, high) { return [0, Math.max(high || 0, series.alert || 0, series.millis ? 10 : 1) * 1.1]; } } },
      axes: [
        { stroke: token("--text-3"), font: font, grid: { show: false }, ticks: { show: false }, space: 55, values: function (u, at, axis, space, step) {
          return at.map(function (t) {
            var local = uPlot.tzDate(new Date(t * 1000), series.zone);
            return step >= 86400 || local.getHours() === 0 && local.getMinutes() === 0 ? dayText(local) : clockText(local);
          });
        } },
        { stroke: token("--text-3"), font: font, grid: grid, ticks: { show: false }, space: 34, size: 55, values: function (u, at) { return at.map(write); } }
      ],
      series: [{ label: "at", value: series.x.length > 100 ? "{D} {MMM} {HH}:{mm}" : "{HH}:{mm}" }].concat(series.lines.map(function (line) {
        return Object.assign({ label: line.name, points: { show: function () { return false; }, size: 4, filter: alone }, gaps: longGaps, value: function (u, v) { return write(v); } }, looks[line.look]());
      })),
      hooks: { draw: [function (u) {
        if (!series.alert) { return; }
        var y = u.valToPos(series.alert, "y", true);
        u.ctx.save();
        u.ctx.strokeStyle = token("--honey");
        u.ctx.lineWidth = 2 * devicePixelRatio;
        u.ctx.beginPath();
        u.ctx.moveTo(u.bbox.left, y);
        u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
        u.ctx.stroke();
        u.ctx.restore();
      }] }
    };
  };

  var dataOf = function (series) { return [series.x].concat(series.lines.map(function (line) { return line.y; })); };

  var draw = function (anew) {
    if (!window.uPlot) { return; }
    document.querySelectorAll("[data-chart]").forEach(function (box) {
      var source = document.querySelector("[data-of='" + box.dataset.chart + "']");
      if (!source || !box.clientWidth) { return; }
      var words = document.querySelector("[data-summary='" + box.dataset.chart + "']");
      if (words && words.textContent !== source.dataset.words) { words.textContent = source.dataset.words; }
      var old = plots[box.dataset.chart];
      if (old && !anew && old.box === box) {
        if (old.text !== source.dataset.series) {
          var moved = JSON.parse(source.dataset.series);
          if (moved.lines.length === old.lines) {
            old.text = source.dataset.series;
            old.plot.setData(dataOf(moved));
            return;
          }
        } else { return; }
      }
      if (old) { old.plot.destroy(); }
      var series = JSON.parse(source.dataset.series);
      plots[box.dataset.chart] = { box: box, text: source.dataset.series, lines: series.lines.length, plot: new uPlot(options(series, box.clientWidth), dataOf(series), box) };
    });
  };
  draw(false);

  new MutationObserver(function () { draw(false); }).observe(document.body, { childList: true, subtree: true });
  new MutationObserver(function () { draw(true); }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { draw(true); });
  var resized = 0;
  addEventListener("resize", function () {
    clearTimeout(resized);
    resized = setTimeout(function () {
      Object.keys(plots).forEach(function (id) {
        var p = plots[id];
        if (p.box.clientWidth) { p.plot.setSize({ width: p.box.clientWidth, height: 178 }); }
      });
    }, 100);
  });
})();
