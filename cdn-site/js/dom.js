/** Small helpers around the DOM. Text goes in as text, always: nothing here can turn data into markup. */

/**
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element;
}

/**
 * Sets a text only where it changes, so that screen readers and layout are left in peace.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {boolean} shown */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * @param {string} tag
 * @param {Record<string, string|number|boolean|EventListener|null|undefined>} [attributes] `on…` are listeners
 * @param {...(Node|string|null)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/** @param {string} tag @param {Record<string, string|number>} attributes @returns {any} */
export function svg(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** The event of this page, from `?event=`. Slugs only: it goes into paths. */
export function eventOfPage() {
  const id = new URLSearchParams(location.search).get("event") ?? "";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id) ? id : null;
}

/** @param {string} page @param {string} event */
export function linkTo(page, event) {
  return `/${page}.html?event=${encodeURIComponent(event)}`;
}
