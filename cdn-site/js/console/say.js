/** What was done, said once and for some seconds. What went wrong stands at its control and stays. */
import { byId, setText } from "../dom.js";

const SHOWN_MS = 6_000;
let timer = 0;

/** @param {string} text */
export function say(text) {
  setText(byId("say"), text);
  clearTimeout(timer);
  timer = Number(setTimeout(() => setText(byId("say"), ""), SHOWN_MS));
}
