// What is shown as text: the header, banners, statement, tables and glossary.

// A table that scrolls sideways inside its figure. A column is [head, cell of a row, whether it is text].
function addTable(parent, name, columns, rows, isMarked = () => false) {
  const box = add(parent, "div", null, { class: `scroll ${name}`, tabindex: 0, role: "region", "aria-label": `Table of ${name}` });
  const table = add(box, "table");
  const head = add(add(table, "thead"), "tr");
  for (const [title, , isText] of columns) add(head, "th", title, { scope: "col", class: isText ? "text" : "number" });
  const body = add(table, "tbody");
  for (const row of rows) {
    const line = add(body, "tr", null, isMarked(row) ? { class: "marked" } : {});
    for (const [, cell, isText] of columns) add(line, "td", cell(row), { class: isText ? "text" : "number" });
  }
  return table;
}

function addFact(list, name, value, note) {
  const pair = add(list, "div");
  add(pair, "dt", name);
  add(pair, "dd", value, note ? { title: note } : {});
}

function addFacts(parent, rev) {
  const facts = headerIdentity(rev);
  const list = add(parent, "dl", null, { class: "facts" });
  if (REVISIONS.length > 1) addFact(list, "revision", rev);
  addFact(list, "dataset", facts?.data ?? "not said");
  if (facts) {
    addFact(list, "slices", `${whole(facts.train)} train, ${whole(facts.valid)} valid, ${whole(facts.test)} test`);
    addFact(list, "split", facts.split);
    addFact(list, "image size", `${facts.image_size} × ${facts.image_size}`);
  }
  addFact(list, "selected model", rowsOf("statement", rev)[0]?.model ?? "none yet");
  if (facts) addFact(list, "data", facts.digest, "The beginning of the digest of data/prepared");
  addFact(list, "figures", digestOf(rev), "A digest of all numbers on this page");
}

// The header: which data the page is of, and whether all of it is.
function addHeader(parent) {
  for (const rev of REVISIONS) addFacts(parent, rev);
  const stale = STAGES.filter((stage) => REVISIONS.some((rev) => isStale(stage, rev)));
  if (stale.length) {
    const headings = SECTIONS.filter((section) => stale.includes(section.stage)).map((section) => section.heading);
    add(parent, "p", "This page mixes figures of different data. Not of the data above: "
      + `${headings.join("; ")}. Each has a banner.`, { class: "banner", role: "alert" });
  }
  add(parent, "p", "Two pages with the same digest of figures show the same figures. Click a name in a legend to see "
    + "that one alone, with shift to add another. Click a picture for its full size.", { class: "hint" });
}

// Says of a section that it is of other data than the header.
function addBanners(parent, stage) {
  for (const rev of REVISIONS.filter((one) => isStale(stage, one))) {
    const facts = identity(stage, rev);
    const line = add(parent, "p", REVISIONS.length > 1 ? `${rev}: ` : "", { class: "banner", role: "note" });
    line.append(facts
      ? `These figures are of ${facts.data} (${facts.train}/${facts.valid}/${facts.test} slices, split ${facts.split}, `
        + `data ${facts.digest}), not of the data in the header. `
      : "These figures do not say which data they are of. ");
    add(line, "code", "dvc repro");
    line.append(" brings them up to date.");
  }
}

function addStatement(parent, rows) {
  const list = add(parent, "ul", null, { class: "statement" });
  for (const row of rows) add(list, "li", row.sentence);
}

const MODEL_COLUMNS = [
  ["parameters", (row) => (row.learns ? whole(row.parameters) : "none")],
  ["valid Dice", (row) => fixed(row.valid_dice)],
  ["Dice", (row) => fixed(row.dice)],
  ["95 % interval", (row) => (row.low === null ? NONE : `${fixed(row.low)} to ${fixed(row.high)}`)],
  ["mean of slices", (row) => fixed(row.mean_dice)],
  ["IoU", (row) => fixed(row.iou)],
  ["precision", (row) => fixed(row.precision)],
  ["recall", (row) => fixed(row.recall)],
  ["NSD", (row) => fixed(row.nsd)],
  ["HD95", (row) => fixed(row.hd95, 1)],
  ["box hit rate", (row) => fixed(row.box_hit_rate, 2)],
  ["ECE", (row) => fixed(row.ece)],
  ["first in replicates", (row) => percent(row.first_share)],
  ["TFLOP to train", (row) => (row.learns ? rough(1000 * row.training_pflops) : "none")],
];

function addModels(parent, rows, rev) {
  const selected = rowsOf("statement", rev)[0]?.model;
  const name = (row) => (row.model === selected ? `${row.model} (selected)` : row.model);
  addTable(parent, "models", [["model", name, true], ...MODEL_COLUMNS], rows, (row) => row.model === selected);
  if (rows[0].label_agreement) add(parent, "p", rows[0].label_agreement);
  const fold = add(parent, "details");
  add(fold, "summary", "Does each model beat the baselines?");
  const list = add(fold, "dl", null, { class: "verdicts" });
  for (const row of rows.filter((one) => one.verdict?.length)) {
    add(list, "dt", row.model);
    for (const sentence of row.verdict) add(list, "dd", sentence);
  }
}

function addFindings(parent, rows) {
  const found = rows.filter((row) => row.finding);
  if (!found.length) {
    for (const row of rows) add(parent, "p", row.message);
    return;
  }
  addTable(parent, "findings", [["severity", (row) => row.severity, true], ["finding", (row) => row.finding, true],
    ["count", (row) => whole(row.count)], ["what it means", (row) => row.message, true],
    ["param that deals with it", (row) => row.param ?? NONE, true]], found);
}

function addSplits(parent, rows) {
  addTable(parent, "splits", [["split", (row) => row.part, true], ["images", (row) => whole(row.images)],
    ["without tumour", (row) => whole(row.without_tumor)], ["annotations", (row) => whole(row.annotations)],
    ["tumour pixels", (row) => percent(row.tumor_share, 2)]], rows);
}

function addGlossary(parent) {
  const list = add(parent, "dl", null, { class: "glossary" });
  for (const [word, meaning] of Object.entries(GLOSSARY)) {
    const pair = add(list, "div");
    add(pair, "dt", word);
    add(pair, "dd", meaning);
  }
}

// The plots that are shown as text rather than drawn, each revision below its name.
const TEXTS = { statement: addStatement, models: addModels, findings: addFindings, splits: addSplits };

function drawText(div, id, revisions) {
  div.replaceChildren();
  for (const rev of revisions) {
    const part = add(div, "div", null, { class: "revision" });
    if (revisions.length > 1) add(part, "strong", rev);
    const rows = rowsOf(id, rev);
    if (rows.length) TEXTS[id](part, rows, rev);
    else add(part, "p", "No data yet: dvc repro makes it.");
  }
}
