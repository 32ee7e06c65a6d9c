/** The door's pause, with the reason that the fans read meanwhile, and its end. */
import { byId, setText, show } from "../dom.js";
import { change, complain } from "./settings.js";

/** @type {{mode: string, message: string}} */
let now = { mode: "", message: "" };

export function wirePause() {
  let busy = false;
  byId("pause-form").addEventListener("submit", async (/** @type {SubmitEvent} */ submitted) => {
    submitted.preventDefault();
    // The button is not disabled meanwhile: it would lose the focus, and with it whoever uses the keyboard.
    if (busy) return;
    busy = true;
    if (await (now.mode === "pause" ? resume() : pause())) byId("reason").value = "";
    busy = false;
  });
}

function pause() {
  const reason = byId("reason").value.trim();
  return change(reason ? { mode: "pause", message: reason } : { mode: "pause" }, "The door is paused. Everybody keeps their place.", "pause");
}

function resume() {
  const clears = byId("clear-message").checked && now.message !== "";
  return change(clears ? { mode: "admit", message: "" } : { mode: "admit" }, "The door is open again.", "pause");
}

/** @param {{mode: string, message?: string}} fresh */
export function drawPause({ mode, message = "" }) {
  if (mode !== now.mode) complain("pause", "");
  now = { mode, message };
  const paused = mode === "pause";
  const hadFocus = document.activeElement === byId("pause") || document.activeElement === byId("resume");
  show(byId("pause"), !paused && mode !== "closed" && mode !== "bypass");
  show(byId("resume"), paused);
  show(byId("pause-field"), mode === "admit");
  show(byId("clear-field"), paused && message !== "");
  show(byId("pause-not"), mode === "bypass" || mode === "closed");
  setText(byId("pause-not"), mode === "closed" ? "The sale is closed: there is no door to pause." : "The queue is bypassed: there is no door to pause.");
  setText(byId("pause-title"), paused ? "The door is paused" : "Pause");
  if (hadFocus) byId(paused ? "resume" : "pause").focus();
}
