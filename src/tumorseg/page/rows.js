// What DVC hands over: the rows of each plot, by revision. Which data they are of, and which are the same.

const FACTS = ["data", "split", "image_size", "train", "valid", "test", "digest"];

// The div of each plot, by id, as DVC wrote it.
const divs = new Map([...document.querySelectorAll("#plots > div")].map((div) => [div.id, div]));

function pictures(id) {
  const images = specs.has(id) ? [] : divs.get(id)?.querySelectorAll("img") ?? [];
  return [...images].map((img) => ({ rev: img.previousElementSibling?.textContent ?? "", img }));
}

// The pictures of all plots, before they are moved.
const PICTURES = new Map([...divs.keys()].map((id) => [id, pictures(id)]));

function rowsOf(id, rev) {
  const rows = specs.get(id)?.data?.values ?? [];
  return rev === undefined ? rows : rows.filter((row) => row.rev === rev);
}

// The workspace comes last, as what is new; DVC puts it first.
const REVISIONS = [...new Set([...divs.keys()].flatMap((id) => [...rowsOf(id), ...PICTURES.get(id)])
  .map((one) => one.rev))].sort((a, b) => (a === "workspace") - (b === "workspace"));

// A plot's rows of a revision as text, without what differs between revisions of the same figures.
function textOf(id, rev) {
  return rowsOf(id, rev).map(({ rev: _, ...row }) => JSON.stringify(row)).join("\n");
}

function plotsOf(stage) {
  return SECTIONS.filter((section) => section.stage === stage)
    .flatMap((section) => section.figures.map((figure) => figure.plot));
}

// Which data a stage's figures were made from; null where its rows don't say so.
function identity(stage, rev) {
  const row = plotsOf(stage).flatMap((id) => rowsOf(id, rev)).find((one) => one.digest);
  return row ? Object.fromEntries(FACTS.map((fact) => [fact, row[fact]])) : null;
}

const STAGES = [...new Set(SECTIONS.map((section) => section.stage))];

// The header's data: the selected model's. Before there is one, the first stage's that says.
function headerIdentity(rev) {
  return STAGES.map((stage) => identity(stage, rev)).find((found) => found) ?? null;
}

function hasFigures(stage, rev) {
  return plotsOf(stage).some((id) => rowsOf(id, rev).length
    || PICTURES.get(id)?.some((picture) => picture.rev === rev));
}

// Whether a stage's figures are of other data than the header, or don't say of which.
function isStale(stage, rev) {
  if (!stage || !hasFigures(stage, rev)) return false;
  const digest = identity(stage, rev)?.digest;
  return !digest || digest !== headerIdentity(rev).digest;
}

function stageDiffers(stage) {
  return plotsOf(stage).some((id) => specs.has(id) && rowsDiffer(id));
}

const compared = new Map();

function rowsDiffer(id) {
  if (!compared.has(id)) compared.set(id, new Set(REVISIONS.map((rev) => textOf(id, rev))).size > 1);
  return compared.get(id);
}

// Whether a plot is not the same in all revisions. A page in a file can't compare the bytes of pictures: they
// may differ where a row of their stage does, or where a revision has none.
function differs(id, stage) {
  if (specs.has(id)) return rowsDiffer(id);
  return stageDiffers(stage) || PICTURES.get(id).length < REVISIONS.length;
}

// Fourteen hex digits of all rows of a revision: the public hash cyrb53, since a page on a file server without
// TLS has no SHA-256.
function digestOf(rev) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const id of [...specs.keys()].sort()) {
    const text = `${id}\n${textOf(id, rev)}\n`;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(16).padStart(14, "0");
}
