// Vega plots, in the colours of the page.

const WIDE = 700;  // pixels: wider than half a page
// How much a plot may be shrunk or grown to fit. Smaller text could not be read: it scrolls then.
const [SMALLEST, LARGEST] = [0.75, 1.25];
const dark = window.matchMedia("(prefers-color-scheme: dark)");

const STYLE = {
  background: "transparent",
  font: "system-ui, 'Segoe UI', 'Liberation Sans', sans-serif",
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", labelColor: "#3e4c59",
    titleColor: "#3e4c59", gridColor: "#eceff1", domainColor: "#9aa5b1", tickColor: "#9aa5b1", labelLimit: 210,
    labelFlush: false },
  legend: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", symbolStrokeWidth: 2.5,
    labelColor: "#3e4c59", titleColor: "#3e4c59" },
  header: { labelFontSize: 12, labelFontWeight: "bold", labelColor: "#1f2933" },
  text: { fontSize: 11, color: "#1f2933" },
  view: { stroke: null },
};

// A colour for the dark page: greys from white to black become ones from the page's dark to nearly white.
// Others, such as the models', can be read on both, and stay.
function darkColor(color) {
  const digits = color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit) : color.match(/[^#]{2}/g);
  const levels = digits.map((pair) => parseInt(pair, 16));
  if (Math.max(...levels) - Math.min(...levels) > 40) return color;
  const lightness = levels.reduce((sum, level) => sum + level, 0) / (3 * 255);
  return `rgb(${[[242, 29], [244, 35], [246, 42]].map(([high, low]) => Math.round(high + lightness * (low - high)))})`;
}

// A specification with the colours of the dark page, its rows untouched.
function inDark(part) {
  if (typeof part === "string") return /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(part) ? darkColor(part) : part;
  if (Array.isArray(part)) return part.map(inDark);
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, key === "values" ? value : inDark(value)]));
}

function drawPlot(figure, div, revisions) {
  const spec = specs.get(div.id);
  div.replaceChildren();
  if (!spec.data) {
    add(div, "p", "No data yet: dvc repro makes it.");
    return;
  }
  delete spec.title;  // it stands above as a heading, which wraps
  const data = { values: revisions.flatMap((rev) => rowsOf(div.id, rev)) };
  const options = { renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false } };
  const draw = () => embed(div, { ...(dark.matches ? inDark(spec) : spec), data },
    { ...options, config: dark.matches ? inDark(STYLE) : STYLE })
    .then(() => {
      const svg = div.querySelector("svg.marks"), width = svg.width.baseVal.value;
      svg.style.minWidth = `${Math.round(SMALLEST * width)}px`;
      svg.style.maxWidth = `${Math.round(LARGEST * width)}px`;
      setWide(figure, width > WIDE);
    })
    .catch((error) => add(div, "p", String(error), { class: "error" }));
  div.classList.add("plot");
  draw();
  dark.addEventListener("change", draw);
}
