// Elements, numbers and orders that pages are made with.

function add(parent, tag, text, attributes = {}) {
  const element = parent.appendChild(document.createElement(tag));
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const NONE = "–";
const fixed = (value, digits = 3) => (value === null || value === undefined ? NONE : value.toFixed(digits));
const whole = (value) => (value === null || value === undefined ? NONE : value.toLocaleString("en"));
const rough = (value) => (value === null || value === undefined ? NONE
  : Number(value.toPrecision(2)).toLocaleString("en"));
const percent = (value, digits = 1) => (value === null || value === undefined ? NONE
  : `${(100 * value).toFixed(digits)} %`);

const byNumber = new Intl.Collator("en", { numeric: true });

// Null and undefined come last, whichever way the others are sorted.
function compareValues(a, b, sign) {
  const [noA, noB] = [a ?? null, b ?? null].map((value) => value === null);
  if (noA || noB) return noA - noB;
  return sign * (typeof a === "string" ? byNumber.compare(a, b) : a - b);
}

function addField(parent, name, tag, attributes = {}) {
  const label = add(parent, "label", `${name} `);
  return add(label, tag, null, { name: name.replaceAll(" ", "-"), ...attributes });
}

function addSelect(parent, name, options) {
  const select = addField(parent, name, "select");
  for (const [value, text] of options) add(select, "option", text, { value });
  return select;
}
