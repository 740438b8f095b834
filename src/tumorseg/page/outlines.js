// A slice on a canvas, with the outlines of its label and of a prediction.

const COLORS = { label: "#56B4E9", prediction: "#E69F00" };  // as in the pictures that stages draw

async function decoded(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}

function pixels(image) {
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// The borders between a mask's pixels, which have `least` or more, and others, in pixels of the mask.
function outline({ data, width, height }, least = 128) {
  const path = new Path2D();
  const isIn = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[4 * (y * width + x)] >= least;
  const line = (x0, y0, x1, y1) => { path.moveTo(x0, y0); path.lineTo(x1, y1); };
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x <= width; x++) {
      if (isIn(x, y) !== isIn(x - 1, y)) line(x, y, x, y + 1);
      if (isIn(x, y) !== isIn(x, y - 1)) line(x, y, x + 1, y);
    }
  }
  return path;
}

// Draws a slice `side` CSS pixels high or wide. `masks` is [[data URI, color, width of the line in CSS
// pixels, the least of a pixel inside]].
async function drawSlice(canvas, picture, masks, side) {
  const turn = (canvas.turn ?? 0) + 1;
  canvas.turn = turn;
  const [image, ...shapes] = await Promise.all([picture, ...masks.map(([uri]) => uri)].map(decoded));
  if (canvas.turn !== turn) return;  // it is to show something else by now
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const scale = side / Math.max(width, height), dots = window.devicePixelRatio;
  canvas.width = Math.round(width * scale * dots);
  canvas.height = Math.round(height * scale * dots);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  context.setTransform(scale * dots, 0, 0, scale * dots, 0, 0);
  context.lineCap = "square";
  shapes.forEach((shape, index) => {
    context.strokeStyle = masks[index][1];
    context.lineWidth = masks[index][2] / scale;
    context.stroke(outline(pixels(shape), masks[index][3]));
  });
  canvas.dataset.drawn = masks.length;
}

// The label's line is the wider one, so that it shows where the two are the same.
function masksOf(slice, model, width) {
  const prediction = slice.models[model];
  const label = [slice.label, COLORS.label, width];
  return prediction ? [label, [prediction.mask, COLORS.prediction, width / 2]] : [label];
}

function addKey(parent, model) {
  const key = add(parent, "p", null, { class: "key" });
  for (const [name, color] of [["label", COLORS.label], [`prediction of ${model}`, COLORS.prediction]]) {
    add(key, "span", null, { class: "swatch", style: `background: ${color}` });
    key.append(`${name} `);
  }
}

// What kind of error a prediction has, by its counts of pixels; "" for none.
function errorOf({ tp, fp, fn }) {
  if (tp + fn === 0) return fp ? "false alarm" : "";
  if (tp === 0) return "not found";
  if (fp === fn) return fp ? "as much too much as too little" : "";
  return fp > fn ? "mostly too much" : "mostly too little";
}
