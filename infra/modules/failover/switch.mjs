// Tells CloudFront's key value store which region is active.
//
// The store takes requests signed for all regions at once (Signature Version 4A) and no others. AWS's SDKs do that with a
// native library that Lambda's runtimes lack, so the request is signed here.

import { createECDH, createHash, createHmac, createPrivateKey, sign } from 'node:crypto';

const ALGORITHM = 'AWS4-ECDSA-P256-SHA256';
const SERVICE = 'cloudfront-keyvaluestore';
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const KEY = 'active-region';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const encoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The private number that belongs to an access key (NIST SP 800-108, counter mode, as AWS fixes its inputs). */
export function privateNumber({ accessKeyId, secretAccessKey }) {
    for (let counter = 1; counter <= 254; counter += 1) {
        const input = Buffer.concat([
            Buffer.from([0, 0, 0, 1]), Buffer.from(ALGORITHM), Buffer.from([0]),
            Buffer.from(accessKeyId), Buffer.from([counter]), Buffer.from([0, 0, 1, 0]),
        ]);
        const candidate = BigInt(`0x${createHmac('sha256', `AWS4A${secretAccessKey}`).update(input).digest('hex')}`);
        if (candidate <= ORDER - 2n) {
            return (candidate + 1n).toString(16).padStart(64, '0');
        }
    }
    throw new Error('no signing key can be derived');
}

function signingKey(credentials) {
    const number = privateNumber(credentials);
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(number, 'hex');
    const point = curve.getPublicKey();
    const text = (bytes) => Buffer.from(bytes).toString('base64url');
    return createPrivateKey({
        format: 'jwk',
        key: {
            kty: 'EC', crv: 'P-256', d: text(Buffer.from(number, 'hex')), x: text(point.subarray(1, 33)), y: text(point.subarray(33)),
        },
    });
}

/** What is signed of a request: its text, the names of its headers, and the scope of its signature. */
export function textToSign({ method, url, headers, body }, date) {
    const sorted = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]).sort(([a], [b]) => (a < b ? -1 : 1));
    const names = sorted.map(([name]) => name).join(';');
    const request = [
        method, url.pathname.split('/').map(encoded).join('/'), '',
        ...sorted.map(([name, value]) => `${name}:${value}`), '', names, sha256(body),
    ].join('\n');
    const scope = `${date.slice(0, 8)}/${SERVICE}/aws4_request`;
    return { text: [ALGORITHM, date, scope, sha256(request)].join('\n'), names, scope };
}

/** The headers with which a request is sent. */
export function signedHeaders({ method, url, headers, body }, credentials, date) {
    const all = { ...headers, host: url.host, 'x-amz-date': date, 'x-amz-region-set': '*' };
    if (credentials.sessionToken) {
        all['x-amz-security-token'] = credentials.sessionToken;
    }
    const { text, names, scope } = textToSign({ method, url, headers: all, body }, date);
    const signature = sign('sha256', Buffer.from(text), signingKey(credentials)).toString('hex');
    const authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...all, authorization };
}

async function call(method, path, headers, body, environment) {
    const store = environment.STORE;
    const account = store.split(':')[4];
    const url = new URL(`https://${account}.cloudfront-kvs.global.api.aws/key-value-stores/${encoded(store)}${path}`);
    const credentials = {
        accessKeyId: environment.AWS_ACCESS_KEY_ID,
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
        sessionToken: environment.AWS_SESSION_TOKEN,
    };
    const date = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
    const signed = signedHeaders({ method, url, headers, body }, credentials, date);
    delete signed.host;
    const answer = await fetch(url, { method, headers: signed, body: body || undefined, signal: AbortSignal.timeout(5000) });
    if (!answer.ok) {
        throw new Error(`${method} ${path || '/'}: ${answer.status} ${await answer.text()}`);
    }
    return answer;
}

export async function handler({ region }, _context, environment = process.env) {
    const store = await call('GET', '', {}, '', environment);
    const headers = { 'content-type': 'application/json', 'if-match': store.headers.get('etag') };
    await call('PUT', `/keys/${KEY}`, headers, JSON.stringify({ Value: region }), environment);
    return { active: region };
}
