// Puts every plot into its section. Where revisions are compared, what is the same in all is folded away.

// Wide figures take a row, others half of one. So that no half stays empty where their number is odd, the highest
// of three stands beside the two others, and else the last takes its row.
function setWide(figure, isWide) {
  figure.classList.toggle("wide", isWide);
  const halves = [...figure.parentElement.children].filter((one) => !one.classList.contains("wide"));
  const height = (one) => one.querySelector("[data-content]").offsetHeight;
  const highest = halves.reduce((best, one) => (height(one) > height(best) ? one : best), halves[0]);
  const odd = halves.length % 2 === 1;
  for (const one of figure.parentElement.children) {
    one.classList.toggle("alone", odd && halves.length !== 3 && one === halves.at(-1));
    one.classList.toggle("high", halves.length === 3 && one === highest);
  }
}

function addFigure(grid, { plot, title, note }, revisions) {
  const div = divs.get(plot);
  const figure = add(grid, "figure", null, { "data-plot": plot });
  const heading = title || specs.get(plot)?.title?.text || plot.replaceAll("_", " ");
  add(figure, "h3", heading);
  figure.append(div);
  div.dataset.content = "";
  if (note) add(figure, "figcaption", note);
  if (plot === "slices") drawSlices(div, plot, revisions);
  else if (plot in TEXTS) drawText(div, plot, revisions);
  else if (specs.has(plot)) drawPlot(figure, div, revisions);
  else drawPictures(figure, div, heading, revisions);
  setWide(figure, ["slices", "models", "findings"].includes(plot));
}

function addSection(parent, { heading, lead, stage }, figures, revisions) {
  const section = add(parent, "section", null, { id: `section-${heading.toLowerCase().replace(/[^a-z]+/g, "-")}` });
  add(section, "h2", heading);
  addBanners(section, stage);
  if (lead) add(section, "p", lead);
  const grid = add(section, "div", null, { class: "grid" });
  for (const figure of figures) addFigure(grid, figure, revisions);
  return section;
}

function addLink(section) {
  const heading = section.querySelector("h2").textContent;
  add(document.querySelector("nav"), "a", heading, { href: `#${section.id}` });
}

// The plots that are the same in all revisions, drawn once, when they are asked for.
function addFold(parent, sections) {
  const count = sections.reduce((sum, section) => sum + section.figures.length, 0);
  if (!count) return;
  const fold = add(parent, "details", null, { id: "same" });
  const [plots, them] = count === 1 ? ["1 plot is", "it"] : [`${count} plots are`, "them"];
  const all = REVISIONS.length === 2 ? "both" : `all ${REVISIONS.length}`;
  add(fold, "summary", `${plots} the same in ${all} revisions: show ${them}`);
  fold.addEventListener("toggle", () => {
    for (const section of sections) {
      addSection(fold, { ...section, heading: `${section.heading}: the same`, lead: "" }, section.figures,
        REVISIONS.slice(-1));
    }
  }, { once: true });
}

function layOut() {
  const main = document.querySelector("main");
  addHeader(document.getElementById("facts"));
  document.body.classList.toggle("diff", REVISIONS.length > 1);
  const listed = new Set(SECTIONS.flatMap((section) => section.figures.map((figure) => figure.plot)));
  const others = [...divs.keys()].filter((id) => !listed.has(id)).map((plot) => ({ plot }));
  const same = [];
  for (const section of [...SECTIONS, { heading: "More", figures: others }]) {
    const figures = section.figures.filter(({ plot }) => divs.has(plot));
    const isShown = ({ plot }) => REVISIONS.length < 2 || differs(plot, section.stage);
    const shown = figures.filter(isShown), folded = figures.filter((figure) => !isShown(figure));
    if (shown.length) addLink(addSection(main, section, shown, REVISIONS));
    if (folded.length) same.push({ ...section, figures: folded });
  }
  addFold(main, same);
  const glossary = add(main, "section", null, { id: "section-glossary" });
  add(glossary, "h2", "Glossary");
  addGlossary(glossary);
  addLink(glossary);
}

layOut();
