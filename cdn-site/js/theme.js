/**
 * Branding per event: `themes/index.json` names the events that have a theme, `themes/EVENT.json` is the theme.
 * A page without one is complete, so nothing waits for this and nothing breaks when it fails.
 */
import { fetchPublic } from "./api.js";
import { overrideMessages } from "./i18n.js";

/** @param {string} event */
export async function applyTheme(event) {
  try {
    const index = await fetchPublic("/themes/index.json");
    if (!index.data?.events?.includes(event)) return;
    const theme = (await fetchPublic(`/themes/${event}.json`)).data;
    for (const [token, value] of Object.entries(theme.colours ?? {})) {
      if (/^go(-ink)?$/.test(token)) document.documentElement.style.setProperty(`--${token}`, String(value));
    }
    overrideMessages(theme.texts);
    const name = document.getElementById("brand-name");
    if (theme.name && name) name.textContent = theme.name;
    const logo = document.getElementById("brand-logo");
    if (theme.logo?.startsWith("/") && logo) logo.setAttribute("src", theme.logo);
  } catch {
    /* the page stands in its own clothes */
  }
}
