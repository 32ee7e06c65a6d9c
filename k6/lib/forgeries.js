/** Tokens that open nothing, made from one that does; and bodies that are none. */

/** The base64url of `{"alg":"none"}`, and of a header that names another algorithm and an unknown key. */
const NONE = "eyJhbGciOiJub25lIn0";
const EDDSA = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IngifQ";
const HS256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IngifQ";

/** The payload of `token` with `changes`, by `encode` and `decode` of base64url. */
function tampered(payload, changes, { encode, decode }) {
  return encode(JSON.stringify({ ...JSON.parse(decode(payload)), ...changes }));
}

/**
 * @param {string} token
 * @param {{encode: (text: string) => string, decode: (text: string) => string}} base64url
 * @returns {Record<string, string>} forged tokens, by what was done to them
 */
export function forgeriesOf(token, base64url) {
  const [header, payload, signature] = token.split(".");
  const signed = (changes) => `${header}.${tampered(payload, changes, base64url)}.${signature}`;
  return {
    empty: "",
    "no token": "x",
    "nothing but dots": "..",
    "no signature": `${header}.${payload}.`,
    "no third part": `${header}.${payload}`,
    "a shortened signature": `${header}.${payload}.${signature.slice(0, -2)}`,
    "algorithm none": `${NONE}.${payload}.`,
    "algorithm none, signed": `${NONE}.${payload}.${signature}`,
    "algorithm EdDSA": `${EDDSA}.${payload}.${signature}`,
    "algorithm HS256": `${HS256}.${payload}.${signature}`,
    "the first place": signed({ place: 1 }),
    "another ticket": signed({ sub: "AAAAAAAAAAAAAAAAAAAAAA" }),
    "another event": signed({ event: "another-event" }),
    "a later expiry": signed({ exp: 4_102_444_800 }),
    "another audience": signed({ aud: "another-shop" }),
    "a fourth part": `${token}.${signature}`,
    "half of it": token.slice(0, token.length / 2),
    "six thousand letters": "a".repeat(6_000),
  };
}

const JSON_TYPE = "application/json";

/** Bodies that are no join: [what, content type, body, the statuses that refuse it]. */
export const RUBBISH = [
  ["no body", "text/plain", "", [415]],
  ["a text", "text/plain", "{}", [415]],
  ["half of a JSON", JSON_TYPE, "{", [400]],
  ["no JSON", JSON_TYPE, "nonsense", [400]],
  ["deep JSON", JSON_TYPE, "[".repeat(10_000), [400, 422]],
  ["no secret", JSON_TYPE, "{}", [422]],
  ["a list", JSON_TYPE, "[]", [422]],
  ["a number for a secret", JSON_TYPE, '{"secret": 5}', [422]],
  ["a short secret", JSON_TYPE, '{"secret": "short"}', [422]],
  ["a long secret", JSON_TYPE, JSON.stringify({ secret: "a".repeat(65) }), [422]],
  ["a secret with spaces", JSON_TYPE, '{"secret": "with spaces in it, plenty"}', [422]],
  // One that refuses early may close before it has read all of it.
  ["ten megabytes", JSON_TYPE, "a".repeat(10_000_000), [413, 0]],
];
