// The slices of a call of predict: sorted, filtered, and opened one by one; the threshold is moved by a slider.

const SIDE = 64, LARGE = 512;  // CSS pixels
const COLUMNS = [
  ["name", "slice", (row) => row.name, true],
  ["pixels", "tumour, pixels", (row) => whole(row.pixels)],
  ["mm2", "tumour, mm²", (row) => fixed(row.mm2, 1)],
  ["lesions", "lesions", (row) => whole(row.lesions)],
  ["largest", "largest, pixels", (row) => whole(row.largest)],
  ["uncertainty", "uncertainty", (row) => fixed(row.uncertainty)],
  ["warnings", "warnings", (row) => row.warnings.join(", "), true],
].filter(([key]) => key !== "mm2" || RUN.rows.some((row) => row.mm2 !== null));
const main = document.querySelector("main");
const view = { sort: { key: "uncertainty", sign: -1 }, step: RUN.step, inSight: new Set(), rowOf: new WeakMap(), large: null };

const masksAt = (row, width) => (row.levels ? [[row.levels, COLORS.prediction, width, view.step]] : []);

function drawRow(canvas) {
  const row = view.rowOf.get(canvas);
  drawSlice(canvas, row.picture, masksAt(row, 1.2), SIDE).catch(() => canvas.replaceWith("cannot be read"));
}

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) view.inSight.delete(target);
    else {
      view.inSight.add(target);
      drawRow(target);
    }
  }
}, { rootMargin: "200px" });

function addLine(row) {
  const line = document.createElement("tr");
  const canvas = add(add(line, "td"), "canvas", null, { width: SIDE, height: SIDE, "aria-hidden": true });
  canvas.style.width = `${SIDE}px`;
  view.rowOf.set(canvas, row);
  watcher.observe(canvas);
  for (const [key, , cell, isText] of COLUMNS) {
    const place = add(line, "td", null, { class: isText ? "text" : "number" });
    if (key === "name") add(place, "button", cell(row), { type: "button", class: "open", title: "See it large" });
    else place.textContent = cell(row);
  }
  line.onclick = () => openRow(row);
  return line;
}

const valueOf = (row, key) => (key === "warnings" ? row.warnings.join(", ") || null : row[key]);

function isShown(row) {
  const { name, tumour, warning } = view.filters;
  return row.name.toLowerCase().includes(name.value.trim().toLowerCase())
    && (tumour.value === "" || (row.pixels > 0) === (tumour.value === "yes"))
    && (warning.value === "" || (warning.value === "none" ? !row.warnings.length : row.warnings.includes(warning.value)));
}

// Puts the rows that the filters leave into the table, in order.
function show() {
  const { key, sign } = view.sort;
  view.shown = RUN.rows.filter(isShown).sort((a, b) => compareValues(valueOf(a, key), valueOf(b, key), sign));
  view.body.replaceChildren(...view.shown.map((row) => view.lines.get(row)));
  for (const [name, cell] of view.heads) {
    cell.setAttribute("aria-sort", name !== key ? "none" : sign > 0 ? "ascending" : "descending");
  }
  view.count.textContent = `${whole(view.shown.length)} of ${whole(RUN.rows.length)} slices`;
}

function sortBy(key) {
  view.sort = { key, sign: view.sort.key === key ? -view.sort.sign : 1 };
  show();
}

function drawLarge(dialog, row) {
  const facts = [`${row.width} × ${row.height} pixels`, row.pixels ? `${whole(row.pixels)} pixels of tumour` : "no tumour found",
    row.mm2 === null ? "spacing not known" : `${fixed(row.mm2, 1)} mm²`, `uncertainty ${fixed(row.uncertainty)}`];
  add(dialog, "p", facts.join(" · "), { class: "view-facts" });
  for (const code of row.warnings) add(dialog, "p", `${code}: ${RUN.words[code] ?? ""}`, { class: "banner" });
  const large = add(dialog, "div", null, { class: "large" });
  view.large = null;
  if (!row.levels) {
    if (row.overlay) add(large, "img", null, { src: row.overlay, alt: "The slice with the outline of the tumour", style: "max-width: 100%" });
    else add(large, "p", "No picture: this call wrote no overlays.");
    return;
  }
  const canvas = add(large, "canvas", null, { role: "img", "aria-label": "The slice with the outline of the tumour" });
  canvas.style.width = `${LARGE}px`;
  view.large = () => drawSlice(canvas, row.picture, masksAt(row, 3), LARGE)
    .catch((error) => { add(dialog, "p", `Cannot be read: ${error}`, { class: "error" }); });
  view.large();
  addSlider(dialog);
}

function openRow(row) {
  openDialog(view.shown, view.shown.indexOf(row), (one) => one.name, drawLarge, (last) => {
    view.large = null;
    const line = view.lines.get(last);
    line.scrollIntoView({ block: "nearest" });
    line.querySelector("button.open").focus({ preventScroll: true });
  });
}

// A slider of the threshold; there is one above the table, and one below a large slice.
function addSlider(parent) {
  const label = add(parent, "label", "threshold ", { class: "threshold" });
  const shown = add(label, "output");
  const slider = add(label, "input", null, { type: "range", min: 1, max: 255, step: 1, value: view.step });
  const say = () => { shown.textContent = `${fixed(view.step / 256)}${view.step === RUN.step ? ", as in the masks" : ""}`; };
  slider.oninput = () => {
    view.step = Number(slider.value);
    for (const other of document.querySelectorAll("input[type=range]")) if (other !== slider) other.value = view.step;
    for (const output of document.querySelectorAll(".threshold output")) output.textContent = "";
    say();
    for (const canvas of view.inSight) drawRow(canvas);
    view.large?.();
  };
  say();
}

function addFilters() {
  const form = add(main, "form", null, { class: "filters", "aria-label": "Which slices" });
  form.onsubmit = (event) => event.preventDefault();
  const codes = [...new Set(RUN.rows.flatMap((row) => row.warnings))].sort();
  view.filters = {
    name: addField(form, "name has", "input", { type: "search" }),
    tumour: addSelect(form, "tumour", [["", "all"], ["yes", "found"], ["no", "none found"]]),
    warning: addSelect(form, "warning", [["", "all"], ["none", "none"], ...codes.map((code) => [code, code])]),
  };
  for (const field of Object.values(view.filters)) field.oninput = show;
  if (RUN.rows.some((row) => row.levels)) addSlider(form);
}

function addTable() {
  const table = add(add(main, "div", null, { class: "scroll slices" }), "table");
  const head = add(add(table, "thead"), "tr");
  add(head, "th", "", { scope: "col" });
  view.heads = new Map();
  for (const [key, name, , isText] of COLUMNS) {
    const cell = add(head, "th", null, { scope: "col", class: isText ? "text" : "number" });
    add(cell, "button", name, { type: "button" }).onclick = () => sortBy(key);
    view.heads.set(key, cell);
  }
  view.body = add(table, "tbody");
  view.lines = new Map(RUN.rows.map((row) => [row, addLine(row)]));
}

function addFailures() {
  if (!RUN.failures.length) return;
  add(main, "h2", "Failed");
  const list = add(main, "ul", null, { class: "failures" });
  for (const [name, why] of RUN.failures) add(list, "li", `${name}: ${why}`);
}

for (const [name, value] of RUN.facts) {
  const pair = add(document.getElementById("facts"), "div");
  add(pair, "dt", name);
  add(pair, "dd", value);
}
add(main, "p", RUN.note);
addFilters();
view.count = add(main, "p", "", { class: "count", role: "status" });
addTable();
addFailures();
show();
