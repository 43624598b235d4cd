"use strict";
/* The page: theme, figures, the data set shown, tooltips, the contents. */
window.gtgrn = (function () {
  const root = document.documentElement;
  const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
  const shown = [];
  const themed = [];
  root.classList.add("js");

  // The address: #section, or #gene=SPI1&dataset=name.
  function readAddress() {
    const text = location.hash.slice(1);
    return text.includes("=") ? new URLSearchParams(text) : new URLSearchParams();
  }
  function writeAddress(values) {
    const text = new URLSearchParams(values).toString();
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  }

  // Themes. Figures are made for paper; on a dark page their inks are exchanged one by one.
  const inks = JSON.parse(document.getElementById("inks").textContent);
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const isDark = () => !printing && (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  function recolour(part) {
    if (typeof part === "string") { return inks[part.toLowerCase()] || part; }
    if (Array.isArray(part)) { return part.map(recolour); }
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, recolour(value)]));
    }
    return part;
  }
  function repaint() {
    plots.filter((plot) => plot.dataset.drawn).forEach((plot) => { delete plot.dataset.drawn; draw(plot); });
    themed.forEach((tell) => tell());
    const button = document.getElementById("theme");
    button.textContent = isDark() ? "Light" : "Dark";
  }
  function colour(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }

  // Figures are drawn when they come near the window: a hidden one has no width to fill.
  const plots = all(".plot");
  const config = { responsive: true, displaylogo: false, modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };
  function draw(plot) {
    if (plot.dataset.drawn || !window.Plotly || !plot.offsetParent) { return; }
    plot.dataset.drawn = "yes";
    let spec = JSON.parse(plot.parentNode.querySelector(".spec").textContent);
    if (isDark()) { spec = recolour(spec); }
    stackLegend(plot, spec);
    Plotly.react(plot, spec.data, spec.layout, config).then(function () {
      all(".modebar a, .modebar button", plot).forEach((tool) => tool.setAttribute("aria-label", tool.dataset.title || "tool"));
    });
  }
  // On a narrow page a legend in rows would grow into the axes: it stands below, one name a line.
  function stackLegend(plot, spec) {
    const named = spec.data.filter((trace) => trace.name && trace.showlegend !== false && spec.layout.showlegend !== false);
    const height = spec.layout.height;
    plot.style.height = height + "px";
    if (plot.offsetWidth >= 620 || named.length < 4) { return; }
    const room = 20 * named.length + 70;
    spec.layout.legend = { ...spec.layout.legend, orientation: "v", x: 0, y: 0, yref: "container", yanchor: "bottom", xanchor: "left" };
    spec.layout.margin = { ...spec.layout.margin, b: room };
    spec.layout.height = height + room - 50;
    plot.style.height = spec.layout.height + "px";
  }
  const near = new IntersectionObserver(function (entries) {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target));
  }, { rootMargin: "600px" });

  // One data set is shown at a time.
  let current = null;
  function choose(index) {
    current = String(index);
    all(".dataset").forEach((part) => part.classList.toggle("shown", part.dataset.dataset === current));
    all(".choose [data-choose]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.choose === current)));
    plots.forEach((plot) => { if (plot.dataset.drawn && plot.offsetParent) { Plotly.Plots.resize(plot); } });
    shown.forEach((tell) => tell(current));
  }

  // A tooltip for what has data-tip: on pointing and on focus, away with Escape.
  const tip = document.getElementById("tip");
  function showTip(event) {
    const target = event.target.closest && event.target.closest("[data-tip]");
    if (!target) { return; }
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    const box = target.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, window.innerWidth - tip.offsetWidth - 8));
    const below = box.bottom + 6 + tip.offsetHeight < window.innerHeight;
    tip.style.left = left + "px";
    tip.style.top = (below ? box.bottom + 6 : box.top - tip.offsetHeight - 6) + "px";
    target.setAttribute("aria-describedby", "tip");
  }
  function hideTip(event) {
    tip.hidden = true;
    const target = event && event.target.closest && event.target.closest("[aria-describedby='tip']");
    if (target) { target.removeAttribute("aria-describedby"); }
  }
  function save(name, text, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function start() {
    document.addEventListener("mouseover", showTip);
    document.addEventListener("focusin", showTip);
    document.addEventListener("mouseout", hideTip);
    document.addEventListener("focusout", hideTip);
    document.addEventListener("scroll", () => { tip.hidden = true; }, true);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") { tip.hidden = true; } });
    all("[data-choose]").forEach((button) => button.addEventListener("click", () => choose(button.dataset.choose)));
    document.getElementById("theme").addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      repaint();
    });
    all("[data-copy]").forEach((button) => button.addEventListener("click", function () {
      const text = document.getElementById(button.dataset.copy).textContent;
      navigator.clipboard.writeText(text).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Select and copy"; });
    }));
    system.addEventListener("change", repaint);
    window.addEventListener("beforeprint", function () { printing = true; repaint(); plots.forEach(draw); });
    window.addEventListener("afterprint", function () { printing = false; repaint(); });
    // A page of contents that is open on a narrow screen closes behind the reader's choice.
    const menu = document.querySelector(".side details");
    const wide = window.matchMedia("(min-width: 1001px)");
    const fit = () => { menu.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    all(".side li a").forEach((link) => link.addEventListener("click", () => { if (!wide.matches) { menu.open = false; } }));
    const links = Object.fromEntries(all(".side li a").map((link) => [link.hash.slice(1), link]));
    const here = new IntersectionObserver(function (entries) {
      entries.filter((entry) => entry.isIntersecting).forEach(function (entry) {
        Object.keys(links).forEach((id) => links[id].classList.toggle("here", id === entry.target.id));
      });
    }, { rootMargin: "-10% 0px -80% 0px" });
    all("main > section").forEach((section) => here.observe(section));
    choose(0);
    document.getElementById("theme").textContent = isDark() ? "Light" : "Dark";
  }
  function startFigures() { plots.forEach((plot) => near.observe(plot)); }

  return { all, choose, colour, isDark, readAddress, save, shown, start, startFigures, themed, writeAddress,
    get current() { return current; } };
}());
