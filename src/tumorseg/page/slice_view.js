// One slice, large, in a dialog: as it is, with the outlines of a model, and small with those of the others.

const LARGE = 448, SMALL = 150;  // CSS pixels

function addCanvas(parent, slice, masks, side, label) {
  const canvas = add(parent, "canvas", null, { role: "img", "aria-label": label });
  canvas.style.width = `${side}px`;
  drawSlice(canvas, slice.picture, masks, side)
    .catch((error) => { add(parent, "p", `Cannot be read: ${error}`, { class: "error" }); });
}

function factsOf(slice, model) {
  const score = slice.models[model];
  const facts = [`category ${slice.category || "none"}`, `group ${slice.group}`,
    slice.size ? `${whole(slice.size)} pixels annotated` : "no tumour annotated"];
  if (!score) return [...facts, `no prediction of ${model}`].join(" · ");
  return [...facts, `${model}: Dice ${fixed(score.dice)}`, `${whole(score.fp)} false pixels`,
    `${whole(score.fn)} missed pixels`, errorOf(score)].filter(Boolean).join(" · ");
}

function drawModels(dialog, slice, model) {
  add(dialog, "p", factsOf(slice, model), { class: "view-facts" });
  const large = add(dialog, "div", null, { class: "large" });
  addCanvas(large, slice, [], LARGE, "The slice");
  addCanvas(large, slice, masksOf(slice, model, 4), LARGE, `The slice with its label and the prediction of ${model}`);
  addKey(dialog, model);
  const small = add(dialog, "div", null, { class: "small" });
  for (const [name, score] of Object.entries(slice.models)) {
    if (name === model) continue;
    const other = add(small, "div", null, { class: "other" });
    addCanvas(other, slice, masksOf(slice, name, 2), SMALL, `The slice with its label and the prediction of ${name}`);
    add(other, "span", `${name}: ${fixed(score.dice)}`);
  }
}

// Opens a slice of a list, with the outlines of a model.
function openSlice(slices, index, model, onClose) {
  openDialog(slices, index, (slice) => slice.file, (dialog, slice) => drawModels(dialog, slice, model), onClose);
}
