/** Gives each screen on the page the shape that it has in the shop. */

export function shape(element) {
  const { width, height } = element.dataset;
  if (Number(width) > 0 && Number(height) > 0) element.style.aspectRatio = `${width} / ${height}`;
}
