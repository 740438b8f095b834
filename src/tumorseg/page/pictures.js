// Pictures that stages drew, each a link to its full size, one beside the other where there are revisions.

const WIDE_IMAGE = 1200;  // pixels: too fine to be shown in half a page

function drawPictures(figure, div, title, revisions) {
  const shown = revisions.flatMap((rev) => PICTURES.get(div.id).filter((picture) => picture.rev === rev));
  div.removeAttribute("style");
  div.className = "images";
  div.replaceChildren();
  for (const { rev, img } of shown) {
    const box = add(div, "div");
    if (revisions.length > 1) add(box, "strong", rev);
    const link = add(box, "a", null, { href: img.src, target: "_blank", title: "Open at full size" });
    link.append(img);
    img.alt = title;
    img.onerror = () => add(box, "p", `Cannot be read: ${img.src}`, { class: "error" });
    img.onload = () => setWide(figure, img.naturalWidth > WIDE_IMAGE);
    img.src = img.src;  // so that onload comes even where the image was there before
  }
}
