/**
 * Branding per event: `themes/EVENT.json`, one file, where there is one. A page without it is complete, so nothing waits
 * for this and nothing breaks when it fails.
 */
import { fetchFile, overrideMessages, site } from "./i18n.js";

/** @param {string} event */
export async function applyTheme(event) {
  try {
    if (!(await site).themes.includes(event)) return;
    const theme = await fetchFile(`/themes/${event}.json`);
    for (const [token, value] of Object.entries(theme.colours ?? {})) {
      if (/^go(-ink)?$/.test(token)) document.documentElement.style.setProperty(`--${token}`, String(value));
    }
    overrideMessages(theme.texts);
    const name = document.getElementById("brand-name");
    if (theme.name && name) name.textContent = theme.name;
    const logo = document.getElementById("brand-logo");
    if (/^\/[^/]/.test(theme.logo ?? "") && logo) logo.setAttribute("src", theme.logo);
  } catch {
    /* the page stands in its own clothes */
  }
}
