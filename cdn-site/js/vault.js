/**
 * What this browser keeps of a fan's stay: the seat in the queue, the pass into checkout, an order on its way.
 *
 * Where localStorage is denied everything still works while the page is open, and the pages carry what they need from
 * one to the next in the fragment of the address, which is never sent to a server.
 */

/** @typedef {"seat"|"pass"|"attempt"|"order"|"language"|"bell"} Kind */

/** @type {Map<string, string>} */
const memory = new Map();

let denied = false;
try {
  localStorage.setItem("wr.probe", "1");
  localStorage.removeItem("wr.probe");
} catch {
  denied = true;
}

/** Whether this browser forgets everything when the page closes. */
export const forgetful = denied;

/** @param {Kind} kind @param {string} event */
export function keyOf(kind, event) {
  return `wr.${kind}.${event}`;
}

/** @param {Kind} kind @param {string} event @returns {any} */
export function recall(kind, event) {
  const key = keyOf(kind, event);
  try {
    const text = denied ? memory.get(key) : localStorage.getItem(key);
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {Kind} kind @param {string} event @param {unknown} value */
export function remember(kind, event, value) {
  const key = keyOf(kind, event);
  const text = JSON.stringify(value);
  memory.set(key, text);
  if (denied) return;
  try {
    localStorage.setItem(key, text);
  } catch {
    /* a full disk is no reason to lose the place while the page is open */
  }
}

/** @param {Kind} kind @param {string} event */
export function forget(kind, event) {
  const key = keyOf(kind, event);
  memory.delete(key);
  if (!denied) localStorage.removeItem(key);
}

/**
 * The order that this browser's ticket was used for. A refused one used nothing up, and one of an earlier ticket is no
 * reason to turn away the present one.
 *
 * @param {string} event
 * @returns {any}
 */
export function orderOfTicket(event) {
  const order = recall("order", event);
  const seat = recall("seat", event);
  if (order === null || order.state === "refused") return null;
  return seat?.ticket && order.ticket && seat.ticket !== order.ticket ? null : order;
}

/**
 * An order that is being filled in: kept for this tab alone, so that a reload empties no form, and gone with it.
 */
export const draft = {
  /** @param {string} event @returns {any} */
  recall(event) {
    try {
      return JSON.parse(sessionStorage.getItem(`wr.draft.${event}`) ?? "null");
    } catch {
      return null;
    }
  },
  /** @param {string} event @param {unknown} value */
  remember(event, value) {
    try {
      sessionStorage.setItem(`wr.draft.${event}`, JSON.stringify(value));
    } catch {
      /* it is filled in again */
    }
  },
  /** @param {string} event */
  forget(event) {
    try {
      sessionStorage.removeItem(`wr.draft.${event}`);
    } catch {
      /* nothing was kept */
    }
  },
};

/**
 * Calls back when another tab of this browser changed what is kept.
 *
 * @param {Kind} kind
 * @param {string} event
 * @param {(value: any) => void} changed
 */
export function watch(kind, event, changed) {
  addEventListener("storage", (change) => {
    if (change.key === keyOf(kind, event)) changed(recall(kind, event));
  });
}

/** @param {string} name @returns {string|null} a value carried in the fragment of the address */
export function fromFragment(name) {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}
