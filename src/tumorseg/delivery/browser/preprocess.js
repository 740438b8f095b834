// From a picture's file to greys at the working size: as data/read.py and data/preprocess.py do it.

// A file without what would turn or recolour its pixels: a net is trained on pixels as stored. No browser
// can be told so: EXIF's orientation is obeyed even where `image-orientation: none` asks otherwise.
function withoutNotes(bytes) {
  const view = new DataView(bytes.buffer), kept = [];
  let place = 2;
  if (bytes[0] === 0xff && bytes[1] === 0xd8) {  // JPEG: segments, then the scan
    kept.push(bytes.subarray(0, 2));
    while (place + 4 <= bytes.length && bytes[place] === 0xff && bytes[place + 1] !== 0xda) {
      const end = place + 2 + view.getUint16(place + 2), notes = [0xe1, 0xe2].includes(bytes[place + 1]);
      if (!notes) kept.push(bytes.subarray(place, end));
      place = end;
    }
    kept.push(bytes.subarray(place));
  } else if (view.byteLength > 8 && view.getUint32(0) === 0x89504e47) {  // PNG: chunks
    kept.push(bytes.subarray(0, 8));
    for (place = 8; place + 12 <= bytes.length;) {
      const end = place + 12 + view.getUint32(place);
      const name = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
      if (["IHDR", "PLTE", "IDAT", "IEND"].includes(name)) kept.push(bytes.subarray(place, end));
      place = end;
    }
  } else kept.push(bytes);
  return new Blob(kept);
}

// The greys of a PNG or JPEG, at its own size and as stored.
async function readGreys(file) {
  const blob = withoutNotes(new Uint8Array(await file.arrayBuffer()));
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data, data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    // OpenCV's weights, in parts of 2^14.
    data[i] = red === green && green === blue ? red : (red * 4899 + green * 9617 + blue * 1868 + 8192) >> 14;
  }
  return { data, width, height };
}

// Otsu's threshold: the grey that best parts dark from bright.
function otsu({ data }) {
  const histogram = new Float64Array(256);
  for (const grey of data) histogram[grey]++;
  let total = 0, threshold = 0, most = 0, below = 0, belowSum = 0;
  histogram.forEach((count, grey) => { total += count * grey / data.length; });
  for (let grey = 0; grey < 256; grey++) {
    const share = histogram[grey] / data.length;
    below += share;
    belowSum += share * grey;
    if (Math.min(below, 1 - below) < 1.2e-7 || Math.max(below, 1 - below) > 1 - 1.2e-7) continue;
    const [dark, bright] = [belowSum / below, (total - belowSum) / (1 - below)];
    const between = below * (1 - below) * (dark - bright) ** 2;
    if (between > most) [most, threshold] = [between, grey];
  }
  return threshold;
}

// As numpy.percentile of sorted values.
function percentile(sorted, percent) {
  const place = (sorted.length - 1) * percent / 100, first = Math.floor(place);
  const next = sorted[Math.min(first + 1, sorted.length - 1)];
  return sorted[first] + (next - sorted[first]) * (place - first);
}

// Stretches the greys of the head to the whole range.
function normalise(image) {
  const limit = otsu(image) / 2, head = image.data.filter((grey) => grey > limit).sort();
  if (!head.length) return image;
  const [low, high] = [percentile(head, 1), percentile(head, 99)], factor = 255 / Math.max(high - low, 1);
  if (low === high) return image;
  return { ...image, data: image.data.map((grey) => Math.min(255, Math.max(0, rounded((grey - low) * factor)))) };
}

const STEPS = { normalise };

function toWorkingSize(greys, { preprocess, image_size: size }) {
  return resizeArea(preprocess.reduce((image, step) => STEPS[step](image), greys), size, size);
}
