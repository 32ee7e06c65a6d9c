/**
 * A form that turns one setting. It follows the setting in force until the operator changes it; then it keeps what the
 * operator wrote until that is applied or undone.
 */
import { byId, show } from "../dom.js";
import { complain, onSettings } from "./settings.js";

/**
 * @param {string} name of `NAME-form`, `NAME-apply`, `NAME-undo` and `NAME-error`
 * @param {object} parts
 * @param {() => string} parts.read what the form says
 * @param {(value: string) => void} parts.write
 * @param {(settings: import("./settings.js").Settings) => string} parts.inForce
 * @param {(value: string, inForce: string) => Promise<boolean>} parts.apply whether it is in force now
 * @param {() => void} [parts.changed]
 */
export function control(name, { read, write, inForce, apply, changed = () => {} }) {
  const form = byId(`${name}-form`);
  let known = "";
  let busy = false;

  function compare() {
    const dirty = read() !== known;
    byId(`${name}-apply`).disabled = !dirty;
    show(byId(`${name}-undo`), dirty);
    form.dataset.dirty = String(dirty);
    changed();
  }

  function reset() {
    complain(name, "");
    write(known);
    compare();
  }

  form.addEventListener("input", () => {
    complain(name, "");
    compare();
  });
  form.addEventListener("submit", async (/** @type {SubmitEvent} */ submitted) => {
    submitted.preventDefault();
    if (busy || read() === known) return;
    busy = true;
    const hadFocus = form.contains(document.activeElement);
    if (await apply(read(), known)) write(known);
    busy = false;
    compare();
    // A button that is disabled loses the focus, and whoever uses the keyboard with it.
    if (hadFocus && (document.activeElement === document.body || document.activeElement === byId(`${name}-apply`))) {
      form.querySelector("input:checked, input:not([type=radio]), textarea")?.focus();
    }
  });
  byId(`${name}-undo`).addEventListener("click", () => {
    reset();
    form.querySelector("input, textarea")?.focus();
  });
  onSettings((settings) => {
    const follows = form.dataset.dirty !== "true";
    known = inForce(settings);
    if (follows) write(known);
    compare();
  });

  return { compare, reset };
}
