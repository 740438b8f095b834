// The table of test slices of one model: sorted, filtered, and opened one by one.

const THUMBNAIL = 64;  // CSS pixels
const ERRORS = ["not found", "mostly too much", "mostly too little", "false alarm"];
const ERROR_NAMES = { "not found": "not found at all", "false alarm": "false alarm on a slice without tumour" };

// [key, head, value of a slice and its score, cell, whether it is text]
const SLICE_COLUMNS = [
  ["file", "file", (slice) => slice.file, (value) => value, true],
  ["category", "category", (slice) => slice.category || "none", (value) => value, true],
  ["size", "size, pixels", (slice) => slice.size, whole],
  ["dice", "Dice", (slice, score) => score?.dice, fixed],
  ["fp", "false pixels", (slice, score) => score?.fp, whole],
  ["fn", "missed pixels", (slice, score) => score?.fn, whole],
];

class SliceTable {
  constructor(parent, rows, selected) {
    this.rows = rows;
    this.sort = { key: "dice", sign: 1 };  // the worst first
    this.models = Object.keys(rows[0].models);
    this.addFilters(parent, this.models.includes(selected) ? selected : this.models[0]);
    this.key = add(parent, "div");
    this.count = add(parent, "p", "", { class: "count", role: "status" });
    const box = add(parent, "div", null, { class: "scroll slices" });
    this.addTable(box);
    this.sliceOf = new WeakMap();  // of a canvas
    this.seen = new IntersectionObserver((entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) this.drawThumbnail(target);
    }, { rootMargin: "200px" });
    this.showModel();
  }

  addFilters(parent, selected) {
    const form = add(parent, "form", null, { class: "filters", "aria-label": "Which slices" });
    form.onsubmit = (event) => event.preventDefault();
    const categories = [...new Set(this.rows.map((row) => row.category || "none"))].sort(byNumber.compare);
    const number = { type: "number", min: 0, step: "any" };
    this.model = addSelect(form, "model", this.models.map((name) => [name, name]));
    this.model.value = selected;
    this.model.onchange = () => this.showModel();
    this.filters = {
      file: addField(form, "file name has", "input", { type: "search" }),
      category: addSelect(form, "category", [["", "all"], ...categories.map((name) => [name, name])]),
      diceFrom: addField(form, "Dice from", "input", { ...number, max: 1, step: 0.01, placeholder: 0 }),
      diceTo: addField(form, "Dice to", "input", { ...number, max: 1, step: 0.01, placeholder: 1 }),
      sizeFrom: addField(form, "pixels from", "input", { ...number, placeholder: 0 }),
      sizeTo: addField(form, "pixels to", "input",
        { ...number, placeholder: this.rows.reduce((most, row) => Math.max(most, row.size), 0) }),
      error: addSelect(form, "error",
        [["", "all"], ...ERRORS.map((error) => [error, ERROR_NAMES[error] ?? error])]),
    };
    for (const field of Object.values(this.filters)) field.oninput = () => this.show();
  }

  addTable(box) {
    const table = add(box, "table");
    const head = add(add(table, "thead"), "tr");
    add(head, "th", "slice", { scope: "col", class: "text" });
    this.heads = new Map();
    for (const [key, name, , , isText] of SLICE_COLUMNS) {
      const cell = add(head, "th", null, { scope: "col", class: isText ? "text" : "number" });
      add(cell, "button", name, { type: "button" }).onclick = () => this.sortBy(key);
      this.heads.set(key, cell);
    }
    this.body = add(table, "tbody");
    this.lines = new Map(this.rows.map((row) => [row, this.addLine(row)]));
  }

  addLine(row) {
    const line = document.createElement("tr");
    add(line, "td");
    for (const [key, , , , isText] of SLICE_COLUMNS) {
      const cell = add(line, "td", null, { class: isText ? "text" : "number" });
      if (key === "file") add(cell, "button", row.file, { type: "button", class: "open", title: "See it large" });
    }
    line.onclick = () => this.open(row);
    return line;
  }

  valueOf(row, key) {
    return SLICE_COLUMNS.find(([one]) => one === key)[2](row, row.models[this.model.value]);
  }

  sortBy(key) {
    this.sort = { key, sign: this.sort.key === key ? -this.sort.sign : 1 };
    this.show();
  }

  // The cells and thumbnails of another model.
  showModel() {
    for (const [row, line] of this.lines) {
      SLICE_COLUMNS.forEach(([key, , , cell], index) => {
        if (key !== "file") line.children[index + 1].textContent = cell(this.valueOf(row, key));
      });
      line.firstChild.replaceChildren();  // a new canvas, since the old one may still be drawn on
      const canvas = add(line.firstChild, "canvas", null, { width: THUMBNAIL, height: THUMBNAIL, "aria-hidden": true });
      canvas.style.width = `${THUMBNAIL}px`;
      this.sliceOf.set(canvas, row);
      this.seen.observe(canvas);
    }
    this.key.replaceChildren();
    addKey(this.key, this.model.value);
    this.show();
  }

  drawThumbnail(canvas) {
    this.seen.unobserve(canvas);
    const row = this.sliceOf.get(canvas);
    drawSlice(canvas, row.picture, masksOf(row, this.model.value, 2), THUMBNAIL)
      .catch(() => canvas.replaceWith("cannot be read"));
  }

  isShown(row) {
    const { file, category, diceFrom, diceTo, sizeFrom, sizeTo, error } = this.filters;
    const score = row.models[this.model.value];
    const within = (value, from, to) => (from.value === "" || (value ?? -1) >= Number(from.value))
      && (to.value === "" || (value ?? Infinity) <= Number(to.value));
    return row.file.toLowerCase().includes(file.value.trim().toLowerCase())
      && (category.value === "" || (row.category || "none") === category.value)
      && within(score?.dice, diceFrom, diceTo) && within(row.size, sizeFrom, sizeTo)
      && (error.value === "" || Boolean(score) && errorOf(score) === error.value);
  }

  // Puts the rows that the filters leave into the table, in order.
  show() {
    const { key, sign } = this.sort;
    this.shown = this.rows.filter((row) => this.isShown(row))
      .sort((a, b) => compareValues(this.valueOf(a, key), this.valueOf(b, key), sign));
    this.body.replaceChildren(...this.shown.map((row) => this.lines.get(row)));
    for (const [name, cell] of this.heads) {
      cell.setAttribute("aria-sort", name !== key ? "none" : sign > 0 ? "ascending" : "descending");
    }
    this.count.textContent = `${whole(this.shown.length)} of ${whole(this.rows.length)} slices`;
  }

  open(row) {
    openSlice(this.shown, this.shown.indexOf(row), this.model.value, (last) => {
      const line = this.lines.get(last);
      line.scrollIntoView({ block: "nearest" });
      line.querySelector("button.open").focus({ preventScroll: true });
    });
  }
}

// Several revisions have a table each, behind a select.
function drawSlices(div, id, revisions) {
  div.replaceChildren();
  const withRows = revisions.filter((rev) => rowsOf(id, rev).length);
  if (!withRows.length) {
    add(div, "p", "No data yet: dvc repro makes it.");
    return;
  }
  const choice = withRows.length > 1 ? addSelect(div, "revision", withRows.map((rev) => [rev, rev])) : null;
  const place = add(div, "div");
  const draw = (rev) => {
    place.replaceChildren();
    new SliceTable(place, rowsOf(id, rev), rowsOf("statement", rev)[0]?.model);
  };
  draw(withRows[0]);
  if (choice) choice.onchange = () => draw(choice.value);
}
