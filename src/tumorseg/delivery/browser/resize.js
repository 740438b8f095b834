// Greys from one size to another, as OpenCV makes them: a net has seen no others.
// An image is { data, width, height }, with a byte a pixel, row by row.

// Half to even, as OpenCV's cvRound.
function rounded(value) {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
}

// Of each target pixel: the source pixels below it, and the share that each has in it.
function areaWeights(source, target) {
  const scale = source / target;
  return Array.from({ length: target }, (_, index) => {
    const start = index * scale, end = Math.min(start + scale, source), cell = Math.min(scale, source - start);
    const first = Math.ceil(start - 1e-9), last = Math.floor(end + 1e-9), weights = [];
    if (first - start > 1e-3) weights.push([first - 1, (first - start) / cell]);
    for (let place = first; place < last; place++) weights.push([place, 1 / cell]);
    if (end - last > 1e-3) weights.push([last, Math.min(end - last, 1, cell) / cell]);
    return weights;
  });
}

// Where a target pixel lies between two source pixels: [the first, the share of the second]. INTER_AREA moves
// on only at the border of a source pixel when it makes an image larger; INTER_LINEAR goes by centres.
function linearPlaces(source, target, byArea) {
  const scale = source / target;
  return Array.from({ length: target }, (_, index) => {
    let place, share;
    if (byArea) {
      place = Math.floor(index * scale);
      share = index + 1 - (place + 1) / scale;
      share = share <= 0 ? 0 : share - Math.floor(share);
    } else {
      const centre = (index + 0.5) * scale - 0.5;
      place = Math.floor(centre);
      share = centre - place;
    }
    if (place < 0) [place, share] = [0, 0];
    return place >= source - 1 ? [source - 1, 0] : [place, share];
  });
}

// cv2.resize with INTER_LINEAR; with `byArea`, what INTER_AREA does where an image does not shrink both ways.
function resizeLinear({ data, width, height }, toWidth, toHeight, byArea = false) {
  const UNIT = 2048;  // OpenCV's shares are integers of so many parts
  const columns = linearPlaces(width, toWidth, byArea).map(([x, s]) => [x, rounded((1 - s) * UNIT), rounded(s * UNIT)]);
  const row = (y) => Int32Array.from(columns, ([x, a, b]) => {
    const at = y * width + x;
    return data[at] * a + (b ? data[at + 1] * b : 0);
  });
  const result = new Uint8Array(toWidth * toHeight), rows = new Map();
  linearPlaces(height, toHeight, byArea).forEach(([y, s], line) => {
    const next = Math.min(y + 1, height - 1);
    for (const key of rows.keys()) if (key !== y && key !== next) rows.delete(key);
    for (const key of [y, next]) if (!rows.has(key)) rows.set(key, row(key));
    const [upper, lower, a, b] = [rows.get(y), rows.get(next), rounded((1 - s) * UNIT), rounded(s * UNIT)];
    for (let x = 0; x < toWidth; x++) {
      const sum = ((a * (upper[x] >> 4)) >> 16) + ((b * (lower[x] >> 4)) >> 16) + 2;
      result[line * toWidth + x] = Math.min(255, Math.max(0, sum >> 2));
    }
  });
  return { data: result, width: toWidth, height: toHeight };
}

// cv2.resize with INTER_AREA.
function resizeArea(image, toWidth, toHeight) {
  const { data, width, height } = image;
  if (width < toWidth || height < toHeight) return resizeLinear(image, toWidth, toHeight, true);
  const columns = areaWeights(width, toWidth), result = new Uint8Array(toWidth * toHeight);
  areaWeights(height, toHeight).forEach((rows, line) => {
    for (let x = 0; x < toWidth; x++) {
      let sum = 0;
      for (const [y, share] of rows) {
        for (const [column, part] of columns[x]) sum += share * part * data[y * width + column];
      }
      // Of a 2 × 2 block OpenCV adds up whole numbers, and a half goes up.
      const halves = width === 2 * toWidth && height === 2 * toHeight;
      result[line * toWidth + x] = halves ? Math.floor(sum + 0.5) : rounded(sum);
    }
  });
  return { data: result, width: toWidth, height: toHeight };
}
