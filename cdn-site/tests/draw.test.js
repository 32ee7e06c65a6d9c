import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { base64UrlFromBytes, bytesFromBase64Url, drawnPlace, newSecret, seedMatches } from "../js/lib/draw.js";

/** The contract, said another way: the first 50 bits, big endian, as an arbitrary-precision integer. */
function placeByContract(seed, ticket) {
  const digest = createHmac("sha256", seed).update(ticket).digest();
  return Number(BigInt(`0x${digest.subarray(0, 8).toString("hex")}`) >> 14n);
}

test("the place is the first 50 bits of HMAC-SHA-256(seed, ticket)", async () => {
  for (let i = 0; i < 200; i += 1) {
    const seed = randomBytes(32);
    const ticket = randomBytes(16);
    const place = await drawnPlace(seed.toString("hex"), ticket.toString("base64url"));
    assert.equal(place, placeByContract(seed, ticket));
    assert.ok(Number.isSafeInteger(place) && place < 2 ** 50);
  }
});

test("a known draw", async () => {
  const seed = Buffer.alloc(32, 7).toString("hex");
  const ticket = Buffer.from(Array.from({ length: 16 }, (_, i) => i)).toString("base64url");
  assert.equal(ticket, "AAECAwQFBgcICQoLDA0ODw");
  assert.equal(await drawnPlace(seed, ticket), placeByContract(Buffer.alloc(32, 7), Buffer.from(ticket, "base64url")));
});

test("the seed is checked against its commitment", async () => {
  const seed = randomBytes(32);
  const commitment = createHash("sha256").update(seed).digest("hex");
  assert.equal(await seedMatches(seed.toString("hex"), commitment), true);
  assert.equal(await seedMatches(seed.toString("hex"), commitment.toUpperCase()), true);
  assert.equal(await seedMatches(randomBytes(32).toString("hex"), commitment), false);
});

test("secrets are 32 random bytes in base64url", () => {
  const secrets = new Set(Array.from({ length: 50 }, newSecret));
  assert.equal(secrets.size, 50);
  for (const secret of secrets) assert.match(secret, /^[\w-]{43}$/);
});

test("base64url goes both ways", () => {
  for (const length of [0, 1, 2, 3, 16, 32]) {
    const bytes = new Uint8Array(randomBytes(length));
    assert.equal(base64UrlFromBytes(bytes), Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(bytesFromBase64Url(base64UrlFromBytes(bytes)), bytes);
  }
});
