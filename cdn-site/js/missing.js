import { loadLanguage } from "./i18n.js";

await loadLanguage();
