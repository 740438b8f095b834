// One slice of a list, large, in a dialog; arrow keys go through the list.

const sliceView = { dialog: document.getElementById("slice"), slices: [], index: 0, nameOf: null, draw: null, onClose: null };

function addViewHead(slice) {
  const { dialog, slices, index } = sliceView;
  const head = add(dialog, "div", null, { class: "view-head" });
  add(head, "h3", sliceView.nameOf(slice), { id: "slice-name" });
  add(head, "span", `${index + 1} of ${slices.length}`, { class: "place", "aria-live": "polite" });
  for (const [name, act, key] of [["Previous", () => step(-1), "←"], ["Next", () => step(1), "→"],
    ["Close", () => dialog.close(), "Esc"]]) {
    const button = add(head, "button", `${name} `, { type: "button", class: name.toLowerCase() });
    add(button, "kbd", key);
    button.onclick = act;
  }
}

function drawView() {
  const { dialog, slices, index } = sliceView;
  const focused = document.activeElement?.className;
  dialog.replaceChildren();
  addViewHead(slices[index]);
  sliceView.draw(dialog, slices[index]);
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

// Opens a slice of a list; arrow keys go through the list in its order. `draw` fills the dialog below the slice's
// name, and `onClose` gets the slice last seen.
function openDialog(slices, index, nameOf, draw, onClose) {
  Object.assign(sliceView, { slices, index, nameOf, draw, onClose });
  sliceView.dialog.showModal();
  drawView();
}

sliceView.dialog.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by || event.target.type === "range") return;  // a slider has its own use for them
  event.preventDefault();  // it would scroll
  step(by);
});
sliceView.dialog.addEventListener("close", () => sliceView.onClose(sliceView.slices[sliceView.index]));
sliceView.dialog.addEventListener("click", (event) => {
  if (event.target === sliceView.dialog) sliceView.dialog.close();  // a click beside it
});
