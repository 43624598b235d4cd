"use strict";
/* Tables: sorting by a heading, a field that filters rows. */
gtgrn.tables = (function () {
  const FILTERED_FROM = 10;
  const number = /^[+\u2212-]?[\d,]*\.?\d+(e[+\u2212-]?\d+)?/i;
  const empty = new Set(["", "nan", "\u2013"]);

  function value(row, column) {
    const cell = row.cells[column];
    const stated = cell.dataset.value !== undefined;
    const text = stated ? cell.dataset.value : cell.textContent.trim();
    if (empty.has(text)) { return null; }
    if (stated) { return Number(text); }
    const found = text.match(number);
    return found ? Number(found[0].replace(/,/g, "").replace("\u2212", "-")) : text;
  }
  function compare(a, b, sign) {
    if (a === null || b === null) { return (a === null) - (b === null); }
    if (typeof a === "number" && typeof b === "number") { return sign * (a - b); }
    return sign * String(a).localeCompare(String(b));
  }
  function sort(button) {
    const head = button.parentNode, table = head.closest("table"), body = table.tBodies[0];
    const other = { ascending: "descending", descending: "ascending" };
    const order = other[head.getAttribute("aria-sort")] || button.dataset.first || "ascending";
    const rows = Array.from(body.rows).map((row) => [value(row, head.cellIndex), row]);
    rows.sort((a, b) => compare(a[0], b[0], order === "ascending" ? 1 : -1));
    rows.forEach((pair) => { body.appendChild(pair[1]); pair[1].classList.remove("first"); });
    table.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", order);
  }
  function addFilter(table) {
    const rows = Array.from(table.tBodies[0].rows);
    if (rows.length < FILTERED_FROM) { return; }
    const label = document.createElement("label"), field = document.createElement("input"), count = document.createElement("span");
    label.className = "filter";
    label.textContent = "Rows with ";
    field.type = "search";
    count.setAttribute("role", "status");
    field.addEventListener("input", function () {
      const text = field.value.trim().toLowerCase();
      rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(text); });
      count.textContent = text ? rows.filter((row) => !row.hidden).length + " of " + rows.length : "";
    });
    label.append(field, count);
    table.closest(".wide").before(label);
  }
  function start() {
    document.addEventListener("click", function (event) {
      const button = event.target.closest("table.sortable th button");
      if (button) { sort(button); }
    });
    gtgrn.all("table.sortable").filter((table) => !table.closest(".explorer")).forEach(addFilter);
  }
  return { start };
}());
