// The page: a slice is dropped, the net runs here, its mask is outlined. Nothing is sent anywhere.

const byId = (id) => document.getElementById(id);
const contract = JSON.parse(byId("contract").textContent);
let shown = null;  // { name, greys, levels } of the slice on the page

async function unpacked(id) {
  const packed = Uint8Array.from(atob(byId(id).textContent.trim()), (letter) => letter.charCodeAt(0));
  byId(id).remove();  // megabytes that are not needed twice
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function loadNet() {
  const code = new Blob([await unpacked("runtime")], { type: "text/javascript" });
  const ort = await import(URL.createObjectURL(code));
  ort.env.wasm.numThreads = 1;  // more need headers that a file on a disk cannot have
  ort.env.wasm.wasmBinary = await unpacked("wasm");
  const session = await ort.InferenceSession.create(await unpacked("net"), { executionProviders: ["wasm"] });
  return async ({ data, width, height }) => {
    const greys = new ort.Tensor("float32", Float32Array.from(data), [1, height, width]);
    const { probabilities } = await session.run({ greys });
    return levelsOf(probabilities.data, probabilities.dims[1], width, height);
  };
}

// Probabilities of tumour in 256 steps.
function levelsOf(probabilities, channels, width, height) {
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const tumor = channels === 1 ? probabilities[i] : Math.fround(1 - probabilities[i]);
    data[i] = Math.min(255, Math.floor(tumor * 256));
  }
  return { data, width, height };
}

// The mask at the slice's own size, a byte a pixel: 255 where there is tumour.
function maskOf({ greys, levels }, step) {
  const { data, width, height } = resizeLinear(levels, greys.width, greys.height);
  return { data: data.map((level) => (level >= step ? 255 : 0)), width, height };
}

function toRgba({ data, width, height }) {
  const pixels = new ImageData(width, height);
  data.forEach((grey, i) => pixels.data.set([grey, grey, grey, 255], 4 * i));
  return pixels;
}

function canvasOf(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(toRgba(image), 0, 0);
  return canvas;
}

function draw() {
  const step = Number(byId("threshold").value), { greys, name } = shown;
  const mask = maskOf(shown, step), canvas = byId("slice");
  const scale = Math.max(1, Math.round(768 / Math.max(greys.width, greys.height)));
  [canvas.width, canvas.height] = [greys.width * scale, greys.height * scale];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvasOf(greys), 0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.strokeStyle = COLORS.prediction;
  context.lineWidth = Math.max(1.5, canvas.width / 400) / scale;
  context.stroke(outline(toRgba(mask)));
  const pixels = mask.data.reduce((count, value) => count + (value > 0), 0);
  const share = (100 * pixels / mask.data.length).toFixed(2);
  byId("cut").textContent = (step / 256).toFixed(3);
  byId("found").textContent = pixels
    ? `${name}: ${pixels} of ${mask.data.length} pixels, ${share} %, are tumour to this net.`
    : `${name}: this net finds no tumour at this threshold.`;
  byId("result").hidden = false;
}

async function show(file) {
  byId("status").textContent = `Reading ${file.name} …`;
  let greys;
  try {
    greys = await readGreys(file);
  } catch {
    byId("status").textContent = `${file.name}: no picture that this browser reads; give a PNG or a JPEG.`;
    return;
  }
  const run = await net, begun = performance.now();
  shown = { name: file.name, greys, levels: await run(toWorkingSize(greys, contract.input)) };
  draw();
  byId("status").textContent = `Done in ${((performance.now() - begun) / 1000).toFixed(1)} s. Drop another.`;
}

function save() {
  canvasOf(maskOf(shown, Number(byId("threshold").value))).toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob) });
    link.download = `${shown.name.replace(/\.[^.]*$/, "")}_mask.png`;
    link.click();
  });
}

const net = loadNet();
net.then(
  () => { byId("status").textContent = "Ready."; },
  (error) => { byId("status").textContent = `The net cannot run in this browser: ${error.message}`; },
);
byId("threshold").value = Math.round(contract.decision.threshold * 256);
byId("threshold").oninput = draw;
byId("file").onchange = ({ target }) => target.files.length && show(target.files[0]);
byId("save").onclick = save;
document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) show(event.dataTransfer.files[0]);
};
