// One slice, large, in a dialog: as it is, with the outlines of a model, and small with those of the others.

const LARGE = 448, SMALL = 150;  // CSS pixels

const sliceView = { dialog: document.getElementById("slice"), slices: [], index: 0, model: "", onClose: null };

function addCanvas(parent, slice, masks, side, label) {
  const canvas = add(parent, "canvas", null, { role: "img", "aria-label": label });
  canvas.style.width = `${side}px`;
  drawSlice(canvas, slice.picture, masks, side)
    .catch((error) => { add(parent, "p", `Cannot be read: ${error}`, { class: "error" }); });
}

function addViewHead(slice) {
  const { dialog, slices, index } = sliceView;
  const head = add(dialog, "div", null, { class: "view-head" });
  add(head, "h3", slice.file, { id: "slice-name" });
  add(head, "span", `${index + 1} of ${slices.length}`, { class: "place", "aria-live": "polite" });
  for (const [name, act, key] of [["Previous", () => step(-1), "←"], ["Next", () => step(1), "→"],
    ["Close", () => dialog.close(), "Esc"]]) {
    const button = add(head, "button", `${name} `, { type: "button", class: name.toLowerCase() });
    add(button, "kbd", key);
    button.onclick = act;
  }
}

function factsOf(slice, model) {
  const score = slice.models[model];
  const facts = [`category ${slice.category || "none"}`, `group ${slice.group}`,
    slice.size ? `${whole(slice.size)} pixels annotated` : "no tumour annotated"];
  if (!score) return [...facts, `no prediction of ${model}`].join(" · ");
  return [...facts, `${model}: Dice ${fixed(score.dice)}`, `${whole(score.fp)} false pixels`,
    `${whole(score.fn)} missed pixels`, errorOf(score)].filter(Boolean).join(" · ");
}

function drawView() {
  const { dialog, slices, index, model } = sliceView;
  const slice = slices[index], focused = document.activeElement?.className;
  dialog.replaceChildren();
  addViewHead(slice);
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
  // The buttons are new ones: who is at Next stays there.
  const button = [...dialog.querySelectorAll("button")].find((one) => one.className === focused);
  (button ?? dialog.querySelector("button.next")).focus();
}

function step(by) {
  const last = sliceView.slices.length - 1;
  const index = Math.min(last, Math.max(0, sliceView.index + by));
  if (index === sliceView.index) return;
  sliceView.index = index;
  drawView();
}

// Opens a slice of a list; arrow keys go through the list in its order. `onClose` gets the slice last seen.
function openSlice(slices, index, model, onClose) {
  Object.assign(sliceView, { slices, index, model, onClose });
  sliceView.dialog.showModal();
  drawView();
}

sliceView.dialog.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();  // it would scroll
  step(by);
});
sliceView.dialog.addEventListener("close", () => sliceView.onClose(sliceView.slices[sliceView.index]));
sliceView.dialog.addEventListener("click", (event) => {
  if (event.target === sliceView.dialog) sliceView.dialog.close();  // a click beside it
});
