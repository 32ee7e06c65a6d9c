/**
 * The draw of the pre-queue, redone by whoever wants to check it: a place is the first 50 bits of
 * HMAC-SHA-256(seed, ticket), and the seed must hash to the commitment that was published before anyone came.
 */

/** @param {string} hex */
export function bytesFromHex(hex) {
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** @param {Uint8Array} bytes */
export function hexFromBytes(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text */
export function bytesFromBase64Url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function base64UrlFromBytes(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The secret from which the server derives the ticket: whoever knows it holds the place. */
export function newSecret() {
  return base64UrlFromBytes(crypto.getRandomValues(new Uint8Array(32)));
}

/** WebCrypto exists only on https and on localhost; without it the server is asked for the place. */
export function canDraw() {
  return globalThis.crypto?.subtle !== undefined;
}

/**
 * @param {string} seedHex
 * @param {string} ticket 16 bytes as base64url
 * @returns {Promise<number>}
 */
export async function drawnPlace(seedHex, ticket) {
  const key = await crypto.subtle.importKey("raw", bytesFromHex(seedHex), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytesFromBase64Url(ticket)));
  let first48 = 0;
  for (let i = 0; i < 6; i += 1) first48 = first48 * 256 + digest[i];
  return first48 * 4 + (digest[6] >> 6);
}

/**
 * @param {string} seedHex
 * @param {string} commitmentHex
 * @returns {Promise<boolean>}
 */
export async function seedMatches(seedHex, commitmentHex) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytesFromHex(seedHex)));
  return hexFromBytes(digest) === commitmentHex.toLowerCase();
}
