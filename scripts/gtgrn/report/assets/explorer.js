"use strict";
/* The network explorer: find a gene; its regulators and targets as a drawing and as tables. */
gtgrn.explorer = (function () {
  const { all, colour, exports: files } = gtgrn;
  const DRAWN_ALL = 150, DRAWN_SIDE = 40, LISTED = 500, SUGGESTED = 12;
  const START_ALL = 60, START_SIDE = 15;
  // Files and print are for paper, whatever the page looks like.
  const PAPER = { known: "#0b5fa5", novel: "#a0661a", regulator: "#0b5fa5", target: "#8a96a3", text: "#1f2933", paper: "#ffffff" };
  const explorers = [];

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }
  const short = (value) => value === null ? "\u2013" : (value === 0 ? "0" : Math.abs(value) < 0.001 || Math.abs(value) >= 1000 ? value.toExponential(1) : value.toPrecision(3)).replace("-", "\u2212");
  const count = (value) => value === null ? "\u2013" : Math.round(value).toLocaleString("en");

  function Explorer(element) {
    const part = (name) => element.querySelector("." + name);
    const data = JSON.parse(part("edges").textContent);
    const columns = data.columns, n = columns.r.length;
    const upper = data.genes.map((gene) => gene.toUpperCase());
    const out = data.genes.map(() => []), into = data.genes.map(() => []);
    for (let i = 0; i < n; i++) { out[columns.r[i]].push(i); into[columns.t[i]].push(i); }
    const state = { gene: null, count: START_ALL };
    let cy = null, view = null;

    const name = (gene) => data.genes[gene];
    const find = (text) => upper.indexOf(text.trim().toUpperCase());
    const methodsOf = (i) => data.methods.filter((_, bit) => Math.floor(columns.methods[i] / 2 ** bit) % 2);
    const signOf = (i) => columns.sign ? columns.sign[i] : 0;
    function writeSign(i) {
      const sign = { 1: "+", "-1": "\u2212", 0: "\u2013" }[signOf(i)];
      const sure = columns.sign_p ? columns.sign_p[i] : null;
      return sure === null ? sign : `${sign} (${short(sure)})`;
    }
    const extraText = (extra, i) => extra.texts ? extra.texts[extra.values[i]] || "\u2013" : short(extra.values[i]);

    // What passes the filters.
    function passes(i) {
      const floor = Number(part("floor").value), known = part("of-reference") ? part("of-reference").value : "";
      const sign = part("of-sign") ? part("of-sign").value : "", support = Number(part("support").value);
      return !(floor && (columns.value[i] === null || columns.value[i] < floor))
        && (known === "" || String(columns.known[i]) === known)
        && (sign === "" || String(signOf(i)) === sign)
        && (!support || methodsOf(i).length >= support);
    }
    function choose() {
      if (state.gene === null) {
        const passing = [];
        for (let i = 0; i < n && passing.length < LISTED; i++) { if (passes(i)) { passing.push(i); } }
        return { most: passing.length, all: passing.slice(0, state.count) };
      }
      const targets = out[state.gene].filter(passes), regulators = into[state.gene].filter(passes);
      return {
        most: Math.min(Math.max(targets.length, regulators.length), LISTED),
        targets: targets.slice(0, state.count), regulators: regulators.slice(0, state.count),
        passing: { targets: targets.length, regulators: regulators.length },
      };
    }
    const indices = () => view.all || [...view.regulators, ...view.targets];

    // Tables.
    const tips = JSON.parse(part("tips").textContent);
    function tableColumns(which) {
      const partner = (title, gene) => ({ title, tip: title === "Regulator" ? tips.regulator : tips.target, text: gene, link: true });
      const list = [];
      if (which !== "targets") { list.push(partner("Regulator", (i) => name(columns.r[i]))); }
      if (which !== "regulators") { list.push(partner("Target", (i) => name(columns.t[i]))); }
      list.push({ title: data.value === "probability" ? "Probability" : "Score", tip: tips.value, number: (i) => columns.value[i], text: (i) => short(columns.value[i]), first: "descending" });
      list.push({ title: "Rank", tip: tips.rank, number: (i) => columns.rank[i], text: (i) => count(columns.rank[i]) });
      list.push({ title: "Among the regulator\u2019s targets", tip: tips.in_r, number: (i) => columns.in_r[i], text: (i) => `${count(columns.in_r[i])} of ${count(data.outs[columns.r[i]])}` });
      list.push({ title: "Among the target\u2019s regulators", tip: tips.in_t, number: (i) => columns.in_t[i], text: (i) => `${count(columns.in_t[i])} of ${count(data.ins[columns.t[i]])}` });
      if (columns.sign) { list.push({ title: "Sign", tip: tips.sign, text: writeSign }); }
      if (columns.known) { list.push({ title: "Reference", tip: tips.known, text: (i) => columns.known[i] ? "known" : "novel", mark: true }); }
      if (columns.trained_seeds) { list.push({ title: "Seeds trained on it", tip: tips.trained, number: (i) => columns.trained_seeds[i], text: (i) => count(columns.trained_seeds[i]) }); }
      list.push({ title: "Methods", words: true, tip: tips.methods, number: (i) => methodsOf(i).length, text: (i) => { const found = methodsOf(i); return found.length ? `${found.length} of ${data.methods.length}: ${found.join(", ")}` : "none"; }, first: "descending" });
      data.extra.forEach((extra) => list.push({ title: extra.label, tip: extra.tip, number: extra.texts ? null : (i) => extra.values[i], text: (i) => extraText(extra, i) }));
      return list;
    }
    const kindOf = (column) => column.words ? "words" : column.number ? "num" : "";
    function buildTable(title, chosen, which) {
      const list = tableColumns(which);
      const heads = list.map((column) => {
        const button = make("button", { type: "button", textContent: column.title });
        button.dataset.tip = column.tip;
        button.dataset.first = column.first || "ascending";
        return make("th", { scope: "col", className: kindOf(column) }, button);
      });
      const rows = chosen.map((i) => make("tr", {}, ...list.map(function (column, place) {
        const cell = make(place ? "td" : "th", { className: kindOf(column) });
        if (!place) { cell.scope = "row"; }
        if (column.number) { cell.dataset.value = column.number(i) === null ? "" : column.number(i); }
        const text = column.text(i);
        if (column.link) {
          const link = make("button", { type: "button", className: "link", textContent: text });
          link.addEventListener("click", () => open(text));
          cell.append(link);
        } else if (column.mark) {
          cell.append(make("span", { className: "pill " + text, textContent: text }));
        } else { cell.textContent = text; }
        return cell;
      })));
      const table = make("table", { className: "sortable edges full" },
        make("caption", { textContent: title }), make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
      const box = make("div", { className: "wide", tabIndex: 0 }, table);
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", title);
      return box;
    }
    function list() {
      const lists = part("lists");
      lists.replaceChildren();
      if (view.all) {
        lists.append(buildTable(`The ${count(view.all.length)} strongest edges that pass the filters`, view.all, "all"));
        return;
      }
      const gene = name(state.gene);
      for (const [which, title, total] of [["regulators", "Regulators of", data.ins], ["targets", "Targets of", data.outs]]) {
        const found = view[which], pairs = total[state.gene];
        const words = `${title} ${gene}: the first ${count(found.length)} of ${count(view.passing[which])} held that pass the filters, of ${count(pairs)} pairs`;
        if (pairs) { lists.append(buildTable(words, found, which)); }
      }
    }

    // The drawing.
    function elements() {
      const nodes = new Map(), edges = [];
      const node = (id, gene, side) => { if (!nodes.has(id)) { nodes.set(id, { id, gene, side }); } return id; };
      const edge = (i, source, target) => edges.push({ i, source, target });
      if (view.all) {
        view.all.slice(0, DRAWN_ALL).forEach((i) => edge(i, node("g" + columns.r[i], columns.r[i], "above"), node("g" + columns.t[i], columns.t[i], "above")));
      } else {
        node("g" + state.gene, state.gene, "above");
        view.regulators.slice(0, DRAWN_SIDE).forEach((i) => edge(i, node("r" + columns.r[i], columns.r[i], "left"), "g" + state.gene));
        view.targets.slice(0, DRAWN_SIDE).forEach((i) => edge(i, "g" + state.gene, node("t" + columns.t[i], columns.t[i], "right")));
      }
      return { nodes: Array.from(nodes.values()), edges };
    }
    const isKnown = (i) => columns.known ? columns.known[i] === 1 : true;
    function widthOf(i) {
      if (columns.value[i] === null) { return 1; }
      const highest = columns.value[0] || 1;
      return 1 + 3 * Math.max(0, Math.min(1, columns.value[i] / highest));
    }
    // Regulators to the left of a gene, targets to its right, in columns of names that do not meet.
    function places(nodes) {
      const PITCH = 24, COLUMN = 22, found = {};
      for (const [side, sign] of [["left", -1], ["right", 1]]) {
        const own = nodes.filter((node) => node.side === side);
        const perColumn = Math.ceil(own.length / Math.ceil(own.length / COLUMN || 1)) || 1;
        const longest = Math.max(0, ...own.map((node) => name(node.gene).length)) * 8 + 46;
        own.forEach(function (node, place) {
          const column = Math.floor(place / perColumn), row = place % perColumn;
          const rows = Math.min(perColumn, own.length - column * perColumn);
          found[node.id] = { x: sign * (190 + column * longest), y: (row - (rows - 1) / 2) * PITCH + (column % 2) * PITCH / 2 };
        });
      }
      found["g" + state.gene] = { x: 0, y: 0 };
      return found;
    }
    function styles() {
      const ink = (key) => colour(key);
      const label = { "text-outline-color": ink("paper"), "text-outline-width": 2, color: ink("ink"), "font-size": 12, "min-zoomed-font-size": 7 };
      return [
        { selector: "node", style: { ...label, label: "data(name)", width: 12, height: 12, "background-color": ink("target"), "text-margin-y": -3 } },
        { selector: "node[side = 'left']", style: { "text-halign": "left", "text-valign": "center", "text-margin-x": -5, "text-margin-y": 0 } },
        { selector: "node[side = 'right']", style: { "text-halign": "right", "text-valign": "center", "text-margin-x": 5, "text-margin-y": 0 } },
        { selector: "node[?regulator]", style: { shape: "diamond", width: 15, height: 15, "background-color": ink("accent") } },
        { selector: "node[?chosen]", style: { width: 22, height: 22, "font-weight": "bold", "font-size": 14 } },
        { selector: "edge", style: { width: "data(width)", "curve-style": "bezier", "control-point-step-size": 22, "line-color": ink("novel"), "target-arrow-color": ink("novel"), "line-style": "dashed", "target-arrow-shape": "circle", "arrow-scale": 0.9 } },
        { selector: "edge[?known]", style: { "line-style": "solid", "line-color": ink("accent"), "target-arrow-color": ink("accent") } },
        { selector: "edge[sign > 0]", style: { "target-arrow-shape": "triangle" } },
        { selector: "edge[sign < 0]", style: { "target-arrow-shape": "tee" } },
      ];
    }
    function draw() {
      const { nodes, edges } = elements();
      const canvas = part("canvas");
      if (cy) { cy.destroy(); }
      cy = cytoscape({
        container: canvas.offsetParent ? canvas : null,
        headless: !canvas.offsetParent,
        styleEnabled: true,
        elements: {
          nodes: nodes.map((node) => ({ data: { id: node.id, gene: node.gene, side: node.side, name: name(node.gene), regulator: data.outs[node.gene] > 0, chosen: node.gene === state.gene && node.side === "above" } })),
          edges: edges.map((edge) => ({ data: { id: "e" + edge.i, source: edge.source, target: edge.target, i: edge.i, known: isKnown(edge.i), sign: signOf(edge.i), width: widthOf(edge.i) } })),
        },
        style: styles(), userZoomingEnabled: false, boxSelectionEnabled: false, autounselectify: true,
        userPanningEnabled: window.matchMedia("(pointer: fine)").matches, maxZoom: 3, minZoom: 0.1,
      });
      const at = state.gene === null ? null : places(nodes);
      cy.layout(at ? { name: "preset", positions: (node) => at[node.id()], padding: 14 }
        : { name: "cose", animate: false, randomize: false, nodeDimensionsIncludeLabels: true, padding: 14, componentSpacing: 30, nodeOverlap: 12, idealEdgeLength: () => 60, numIter: 600 }).run();
      if (cy.container()) { cy.fit(undefined, 14); if (cy.zoom() > 1.3) { cy.zoom(1.3); cy.center(); } }
      cy.on("tap", "node", (event) => open(event.target.data("name")));
      const drawn = edges.length, listed = indices().length;
      canvas.setAttribute("aria-label", `Drawing of ${drawn} edges; the tables below hold the same.`);
      part("drawn").textContent = drawn < listed ? `${drawn} of the ${listed} edges listed are drawn.` : "";
    }
    function svg() {
      const ids = new Map(), nodes = [], edges = [];
      cy.nodes().forEach(function (node) {
        ids.set(node.id(), nodes.length);
        nodes.push({ ...node.position(), name: node.data("name"), side: node.data("side"), regulator: node.data("regulator"), chosen: node.data("chosen") });
      });
      cy.edges().forEach((edge) => edges.push({ from: ids.get(edge.data("source")), to: ids.get(edge.data("target")), known: edge.data("known"), sign: edge.data("sign"), width: edge.data("width") }));
      return nodes.length ? files.svg(nodes, edges, PAPER, title()) : "";
    }

    // The files of a view.
    const title = () => `${element.dataset.name}, ${state.gene === null ? "strongest edges" : name(state.gene)}`;
    function fileColumns() {
      const list = [
        ["rank", "int", (i) => columns.rank[i]], ["regulator", "string", (i) => name(columns.r[i])], ["target", "string", (i) => name(columns.t[i])],
        [data.value, "double", (i) => columns.value[i]], ["rank_in_regulator", "double", (i) => columns.in_r[i]], ["rank_in_target", "double", (i) => columns.in_t[i]],
      ];
      if (columns.known) { list.push(["known", "int", (i) => columns.known[i]]); }
      if (columns.trained_seeds) { list.push(["trained_seeds", "int", (i) => columns.trained_seeds[i]]); }
      if (columns.sign) { list.push(["sign", "string", (i) => ({ 1: "+", "-1": "-", 0: "" }[signOf(i)])]); }
      if (columns.sign_p) { list.push(["sign_probability", "double", (i) => columns.sign_p[i]]); }
      data.extra.forEach((extra) => list.push(extra.texts ? [extra.name, "string", (i) => extra.texts[extra.values[i]]] : [extra.name, "double", (i) => extra.values[i]]));
      return list.concat([["methods", "string", (i) => methodsOf(i).join(",")]]);
    }
    function save(kind) {
      const list = fileColumns(), heads = list.map(([column, type]) => ({ name: column, type }));
      const rows = indices().map((i) => list.map((column) => column[2](i)));
      const stem = title().replace(/, /g, "_").replace(/[^\w.+-]+/g, "_");
      const made = { tsv: [() => files.tsv(heads, rows), "text/tab-separated-values"], graphml: [() => files.graphml(heads, rows), "application/xml"], svg: [svg, "image/svg+xml"] }[kind];
      gtgrn.save(`${stem}.${kind}`, made[0](), made[1]);
    }

    // The field that finds a gene.
    const field = part("gene"), options = part("genes");
    let active = -1;
    function suggest() {
      const text = field.value.trim().toUpperCase();
      const found = [];
      for (const test of [(gene) => gene.startsWith(text), (gene) => gene.includes(text) && !gene.startsWith(text)]) {
        for (let i = 0; i < upper.length && found.length < SUGGESTED; i++) { if (text && test(upper[i])) { found.push(i); } }
      }
      active = -1;
      options.replaceChildren(...found.map(function (gene, place) {
        const role = data.outs[gene] ? "regulator" : "target";
        const option = make("li", { id: `${options.id}-${place}`, role: "option" }, name(gene) + " ", make("span", { className: "sd", textContent: role }));
        option.setAttribute("aria-selected", "false");
        option.addEventListener("mousedown", (event) => { event.preventDefault(); open(name(gene)); });
        return option;
      }));
      expand(found.length > 0);
    }
    function expand(yes) {
      options.hidden = !yes;
      field.setAttribute("aria-expanded", String(yes));
      if (!yes) { field.removeAttribute("aria-activedescendant"); }
    }
    function move(step) {
      const list = Array.from(options.children);
      if (!list.length) { return; }
      active = (active + step + list.length) % list.length;
      list.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
      list[active].scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", list[active].id);
    }
    field.addEventListener("input", suggest);
    field.addEventListener("blur", () => expand(false));
    field.addEventListener("keydown", function (event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { event.preventDefault(); if (options.hidden) { suggest(); } move(step); }
      else if (event.key === "Escape") { expand(false); }
      else if (event.key === "Enter") {
        event.preventDefault();
        const chosen = active >= 0 ? options.children[active].firstChild.textContent.trim() : field.value;
        if (find(chosen) >= 0 || active >= 0) { open(chosen); }
        else if (options.children.length) { open(options.children[0].firstChild.textContent.trim()); }
        else { open(field.value); }
      }
    });

    function open(text, quiet) {
      expand(false);
      if (!text || !text.trim()) { state.gene = null; state.count = START_ALL; field.value = ""; }
      else {
        const gene = find(text);
        if (gene < 0) { part("said").textContent = `${text.trim()} is not among the ${count(data.genes.length)} genes of ${element.dataset.name}.`; return false; }
        if (state.gene === null || state.gene !== gene) { state.count = START_SIDE; }
        state.gene = gene;
        field.value = name(gene);
      }
      if (!quiet) { gtgrn.writeAddress(state.gene === null ? {} : { gene: name(state.gene), dataset: element.dataset.name }); }
      show();
      return true;
    }
    function say() {
      const found = indices(), known = columns.known ? found.filter((i) => columns.known[i]).length : null;
      const split = known === null ? "" : ` (${count(known)} known, ${count(found.length - known)} novel)`;
      if (state.gene === null) { return `The ${count(found.length)} strongest edges${split}.`; }
      const roles = [];
      if (data.ins[state.gene]) { roles.push(`${count(view.regulators.length)} regulators`); }
      if (data.outs[state.gene]) { roles.push(`${count(view.targets.length)} targets`); }
      return `${name(state.gene)}: ${roles.join(" and ")} shown${split}.`;
    }
    function show() {
      view = choose();
      const slider = part("count");
      slider.max = Math.max(view.most, 1);
      slider.value = Math.min(state.count, slider.max);
      part("shown-count").textContent = count(Number(slider.value));
      part("per").textContent = state.gene === null ? "Strongest edges" : "Strongest of each side";
      part("said").textContent = say();
      part("whole").hidden = state.gene === null;
      list();
      draw();
    }
    part("count").addEventListener("input", () => { state.count = Number(part("count").value); show(); });
    ["floor", "of-reference", "of-sign", "support"].map(part).filter(Boolean).forEach((control) => control.addEventListener("input", show));
    part("whole").addEventListener("click", () => { open(""); field.focus(); });
    part("reset").addEventListener("click", function () {
      part("floor").value = 0; part("support").value = 0;
      ["of-reference", "of-sign"].map(part).filter(Boolean).forEach((control) => { control.value = ""; });
      show();
    });
    all("[data-save]", element).forEach((button) => button.addEventListener("click", () => save(button.dataset.save)));
    all("[data-zoom]", element).forEach((button) => button.addEventListener("click", function () {
      const by = Number(button.dataset.zoom), middle = { x: cy.width() / 2, y: cy.height() / 2 };
      if (by) { cy.zoom({ level: cy.zoom() * by, renderedPosition: middle }); } else { cy.fit(undefined, 14); }
    }));
    this.dataset = element.dataset;
    this.has = (text) => find(text) >= 0;
    this.open = open;
    this.started = () => view !== null;
    this.show = show;
    this.repaint = () => { if (cy) { cy.style(styles()); } };
    this.print = () => { if (cy) { part("paper").innerHTML = svg(); } };
  }

  // The explorer of a data set is made when the data set is first shown.
  const elements = new Map(all(".explorer").map((element) => [element.dataset.dataset, element]));
  const made = new Map();
  function get(index) {
    if (!elements.has(index)) { return null; }
    if (!made.has(index)) { made.set(index, new Explorer(elements.get(index))); explorers.push(made.get(index)); }
    return made.get(index);
  }
  // An address with a gene opens it in the data set that it names, else in the first that has it.
  function follow() {
    const address = gtgrn.readAddress(), gene = address.get("gene");
    if (!gene) { return false; }
    const indexes = Array.from(elements.keys());
    const named = indexes.filter((index) => elements.get(index).dataset.name === address.get("dataset"));
    const order = [...named, gtgrn.current, ...indexes];
    const index = order.find((one) => get(one) && get(one).has(gene)) || order[0];
    gtgrn.choose(index);
    get(index).open(gene, true);
    document.getElementById("network").scrollIntoView();
    return true;
  }
  function start() {
    gtgrn.shown.push(function (index) { const own = get(index); if (own) { own.show(); } });
    gtgrn.themed.push(() => explorers.forEach((one) => { one.repaint(); one.print(); }));
    window.addEventListener("hashchange", follow);
    if (!follow()) { gtgrn.choose(0); }
    all("[data-gene]").forEach((link) => link.addEventListener("click", function () {
      const own = get(gtgrn.current);
      if (own) { own.open(link.dataset.gene); document.getElementById("network").scrollIntoView(); }
    }));
  }
  return { start };
}());
