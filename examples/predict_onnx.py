"""The mask of a slice by a delivered net: python predict_onnx.py delivered slice.png mask.png

It takes NumPy, OpenCV and onnxruntime, and nothing of tumorseg: copy it into any project.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

folder, picture, out = map(Path, sys.argv[1:])
contract = json.loads((folder / "model.json").read_text(encoding="utf-8"))
decision, steps, size = contract["decision"], contract["input"]["preprocess"], contract["input"]["image_size"]
if set(steps) - {"normalise"} or decision["per_slice"]:
    sys.exit(f"{folder}: this example has no {steps} or per_slice; use tumorseg predict")
greys = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
if greys is None:
    sys.exit(f"{picture}: not found, or no image")
image = greys
if steps:  # stretch the greys of the head, which is brighter than half of Otsu's threshold
    head = greys[greys > cv2.threshold(greys, 0, 255, cv2.THRESH_OTSU)[0] / 2]
    low, high = np.percentile(head, [1, 99]) if len(head) else (0, 255)
    image = ((greys - low) * (255 / max(high - low, 1))).round().clip(0, 255).astype(np.uint8)
small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
batch = np.zeros((8, size, size), np.float32)  # as tumorseg: sums are rounded otherwise in another shape
batch[0] = small
session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
probabilities = session.run(None, {"greys": batch})[0][0]  # of tumour, or of background and each class
single = len(probabilities) == 1
tumor = probabilities[0] if single else 1 - probabilities[0]
indices = np.ones_like(tumor) if single else 1 + probabilities[1:].argmax(0)

levels = np.minimum(tumor * 256, 255).astype(np.uint8)
whole = cv2.resize(levels, greys.shape[::-1], interpolation=cv2.INTER_LINEAR) >= decision["threshold"] * 256
near = cv2.resize(indices.astype(np.uint8), greys.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
shades = 255 * near.astype(int) // len(probabilities[0 if single else 1 :])  # class k of K is 255 k / K
cv2.imwrite(str(out), np.where(whole, shades, 0).astype(np.uint8))
