"use strict";
/* What is shown, as files: tab-separated text, GraphML, SVG. */
gtgrn.exports = (function () {
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" }[c]));

  // columns: [{ name, type }], rows: arrays of values, null for none.
  function tsv(columns, rows) {
    const field = (value) => value === null ? "" : String(value).replace(/[\t\r\n]/g, " ");
    return [columns.map((column) => column.name), ...rows].map((row) => row.map(field).join("\t") + "\n").join("");
  }

  function graphml(columns, rows) {
    const ends = ["regulator", "target"].map((name) => columns.findIndex((column) => column.name === name));
    const kept = columns.map((column, i) => ({ ...column, i })).filter((column) => !ends.includes(column.i));
    const genes = new Map();
    rows.forEach((row) => {
      genes.set(row[ends[0]], true);
      if (!genes.has(row[ends[1]])) { genes.set(row[ends[1]], false); }
    });
    const lines = ['<?xml version="1.0" encoding="utf-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
      '<key id="regulator" for="node" attr.name="regulator" attr.type="boolean"/>'];
    kept.forEach((column) => lines.push(`<key id="e${column.i}" for="edge" attr.name="${escape(column.name)}" attr.type="${column.type}"/>`));
    lines.push('<graph edgedefault="directed">');
    genes.forEach((regulator, gene) => lines.push(`<node id="${escape(gene)}"><data key="regulator">${regulator}</data></node>`));
    rows.forEach(function (row) {
      const data = kept.filter((column) => row[column.i] !== null && row[column.i] !== "")
        .map((column) => `<data key="e${column.i}">${escape(row[column.i])}</data>`).join("");
      lines.push(`<edge source="${escape(row[ends[0]])}" target="${escape(row[ends[1]])}">${data}</edge>`);
    });
    return lines.concat("</graph>", "</graphml>", "").join("\n");
  }

  // nodes: [{ x, y, name, side, regulator, chosen }], edges: [{ from, to, known, sign, width }].
  function svg(nodes, edges, ink, title) {
    const padding = 24, letter = 7.4;
    const reach = (node) => 14 + letter * node.name.length * (node.side === "above" ? 0.5 : 1);
    const left = Math.min(...nodes.map((node) => node.x - (node.side === "right" ? 14 : reach(node)))) - padding;
    const right = Math.max(...nodes.map((node) => node.x + (node.side === "left" ? 14 : reach(node)))) + padding;
    const top = Math.min(...nodes.map((node) => node.y)) - padding - 16, bottom = Math.max(...nodes.map((node) => node.y)) + padding;
    const round = (value) => Math.round(value * 10) / 10;
    const lines = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${round(left)} ${round(top)} ${round(right - left)} ${round(bottom - top)}" width="${round(right - left)}" height="${round(bottom - top)}" font-family="system-ui, sans-serif" font-size="12">`,
      `<title>${escape(title)}</title>`];
    const pairs = new Set(edges.map((edge) => `${edge.from} ${edge.to}`));
    edges.forEach(function (edge) {
      let a = nodes[edge.from], b = nodes[edge.to];
      const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
      // Two genes that regulate each other have two lines side by side.
      const aside = pairs.has(`${edge.to} ${edge.from}`) ? 3 : 0;
      [a, b] = [a, b].map((node) => ({ x: node.x - aside * dy / length, y: node.y + aside * dx / length }));
      const x = b.x - dx / length * 11, y = b.y - dy / length * 11, u = dx / length, v = dy / length;
      const stroke = edge.known ? ink.known : ink.novel, dash = edge.known ? "" : ' stroke-dasharray="5 3"';
      lines.push(`<line x1="${round(a.x)}" y1="${round(a.y)}" x2="${round(x)}" y2="${round(y)}" stroke="${stroke}" stroke-width="${round(edge.width)}"${dash}/>`);
      if (edge.sign > 0) {
        lines.push(`<polygon points="${round(x)},${round(y)} ${round(x - 8 * u - 4 * v)},${round(y - 8 * v + 4 * u)} ${round(x - 8 * u + 4 * v)},${round(y - 8 * v - 4 * u)}" fill="${stroke}"/>`);
      } else if (edge.sign < 0) {
        lines.push(`<line x1="${round(x - 5 * v)}" y1="${round(y + 5 * u)}" x2="${round(x + 5 * v)}" y2="${round(y - 5 * u)}" stroke="${stroke}" stroke-width="2.4"/>`);
      } else {
        lines.push(`<circle cx="${round(x - 3 * u)}" cy="${round(y - 3 * v)}" r="3" fill="${stroke}"/>`);
      }
    });
    nodes.forEach(function (node) {
      const fill = node.regulator ? ink.regulator : ink.target, size = node.chosen ? 9 : 6;
      lines.push(node.regulator
        ? `<polygon points="${round(node.x)},${round(node.y - size - 1)} ${round(node.x + size + 1)},${round(node.y)} ${round(node.x)},${round(node.y + size + 1)} ${round(node.x - size - 1)},${round(node.y)}" fill="${fill}"/>`
        : `<circle cx="${round(node.x)}" cy="${round(node.y)}" r="${size}" fill="${fill}"/>`);
      const place = { left: [-12, 4, "end"], right: [12, 4, "start"], above: [0, -12, "middle"] }[node.side];
      lines.push(`<text x="${round(node.x + place[0])}" y="${round(node.y + place[1])}" text-anchor="${place[2]}" fill="${ink.text}"${node.chosen ? ' font-weight="bold"' : ""} paint-order="stroke" stroke="${ink.paper}" stroke-width="3">${escape(node.name)}</text>`);
    });
    return lines.concat("</svg>", "").join("\n");
  }
  return { escape, graphml, svg, tsv };
}());
