// The failover's switch signs as AWS's own library does.

import assert from 'node:assert/strict';
import { createECDH, createPublicKey, verify } from 'node:crypto';
import test from 'node:test';

import { handler, privateNumber, signedHeaders, textToSign } from '../modules/failover/switch.mjs';

// What AWS's C library (awscrt 0.38.0, asymmetric Signature Version 4) made of this request with these credentials, which are
// nobody's.
const CREDENTIALS = {
    accessKeyId: 'AKISORANDOMAASORANDOM', secretAccessKey: 'q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom', sessionToken: 'a-session-token',
};
const STORE = 'arn:aws:cloudfront::123456789012:key-value-store/0f0a1b2c-3d4e-5f60-7182-93a4b5c6d7e8';
const REQUEST = {
    method: 'PUT',
    url: new URL(`https://123456789012.cloudfront-kvs.global.api.aws/key-value-stores/${encodeURIComponent(STORE)}/keys/active-region`),
    headers: { 'content-type': 'application/json', 'if-match': 'ETVABCDEFGHIJ' },
    body: '{"Value":"eu-central-1"}',
};
const DATE = '20261121T100000Z';
const SIGNED_HEADERS = 'content-type;host;if-match;x-amz-date;x-amz-region-set;x-amz-security-token';
const THEIRS = '3045022100c56c998444e3aa2e5d18f7a750850619a54b02da2d655f76fb3abc602e2888df022007863f6419318f020b88da843caf5effb35090af8b73b262f18db7c9c3b87dc2';

function publicKey() {
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(privateNumber(CREDENTIALS), 'hex');
    const point = curve.getPublicKey();
    const text = (bytes) => bytes.toString('base64url');
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(point.subarray(1, 33)), y: text(point.subarray(33)) } });
}

function sent(headers) {
    const { authorization, ...rest } = headers;
    return rest;
}

test('the key is the one that AWS derives from these credentials', () => {
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(privateNumber(CREDENTIALS), 'hex');
    // Of the tests of AWS's C library (aws-c-auth).
    assert.equal(curve.getPublicKey('hex').slice(2, 66).toUpperCase(), '15D242CEEBF8D8169FD6A8B5A746C41140414C3B07579038DA06AF89190FFFCB');
});

test('what AWS signed is what is signed here', () => {
    const headers = sent(signedHeaders(REQUEST, CREDENTIALS, DATE));
    const { text, names, scope } = textToSign({ ...REQUEST, headers }, DATE);
    assert.equal(names, SIGNED_HEADERS);
    assert.equal(scope, '20261121/cloudfront-keyvaluestore/aws4_request');
    assert.ok(verify('sha256', Buffer.from(text), publicKey(), Buffer.from(THEIRS, 'hex')));
});

test('what is signed here holds, and for nothing else', () => {
    const headers = signedHeaders(REQUEST, CREDENTIALS, DATE);
    const [, signature] = headers.authorization.match(/Signature=([0-9a-f]+)$/);
    const { text } = textToSign({ ...REQUEST, headers: sent(headers) }, DATE);
    assert.ok(verify('sha256', Buffer.from(text), publicKey(), Buffer.from(signature, 'hex')));
    const other = textToSign({ ...REQUEST, headers: sent(headers), body: '{"Value":"eu-west-1"}' }, DATE);
    assert.ok(!verify('sha256', Buffer.from(other.text), publicKey(), Buffer.from(signature, 'hex')));
});

test('the value is set on condition of the version that was read', async (context) => {
    const calls = [];
    context.mock.method(globalThis, 'fetch', async (url, { method, headers, body }) => {
        calls.push({ method, path: url.pathname, match: headers['if-match'], body });
        return new Response('{}', { headers: { etag: 'V1' } });
    });
    const environment = { STORE, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' };
    assert.deepEqual(await handler({ region: 'eu-central-1' }, null, environment), { active: 'eu-central-1' });
    const path = `/key-value-stores/${encodeURIComponent(STORE)}`;
    assert.deepEqual(calls, [
        { method: 'GET', path, match: undefined, body: undefined },
        { method: 'PUT', path: `${path}/keys/active-region`, match: 'V1', body: '{"Value":"eu-central-1"}' },
    ]);
});

test('an answer that is not good is an error', async (context) => {
    context.mock.method(globalThis, 'fetch', async () => new Response('denied', { status: 403 }));
    const environment = { STORE, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' };
    await assert.rejects(handler({ region: 'eu-central-1' }, null, environment), /403 denied/);
});
