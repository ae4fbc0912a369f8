// Small things for the page's elements.

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => document.getElementById(id);

/** An element with attributes and children; texts are never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function makeSvg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Fills a select; what is chosen stays chosen. */
export function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  if (chosen !== undefined && chosen !== null) select.value = chosen;
  select.disabled = options.length === 0;
}

/** Brings something into the page's sight when it is heard of by a screen reader only. */
export function announce(text) {
  byId("live").textContent = text;
}
