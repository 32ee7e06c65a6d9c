/** A question before what can't be taken back lightly. */
import { byId, setText } from "../dom.js";

/** @param {string} title @param {string} body @param {string} yes @returns {Promise<boolean>} */
export function confirmed(title, body, yes) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-body"), body);
  setText(byId("confirm-yes"), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
