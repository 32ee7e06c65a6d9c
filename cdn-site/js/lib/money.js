/**
 * Formats an amount given in the currency's minor unit ("cents", also where the currency has none or a thousand).
 *
 * @param {number} minor
 * @param {string} currency ISO 4217
 * @param {string} [locale]
 */
export function money(minor, currency, locale) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/**
 * The sum of a basket per currency, in the order in which the currencies appear.
 *
 * @param {{price_cents: number, currency: string, quantity: number}[]} lines
 * @returns {{currency: string, cents: number}[]}
 */
export function totals(lines) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { price_cents, currency, quantity } of lines) {
    if (quantity > 0) sums.set(currency, (sums.get(currency) ?? 0) + price_cents * quantity);
  }
  return Array.from(sums, ([currency, cents]) => ({ currency, cents }));
}
