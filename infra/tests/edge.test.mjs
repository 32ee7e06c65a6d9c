// The functions that CloudFront runs, as they are deployed: their code is read from an applied stack.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';

function resources(module) {
    return [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap(resources)];
}

const state = JSON.parse(readFileSync(`${process.env.INFRA_STACKS}/prod-failover.state.json`, 'utf8'));
const functions = new Map(resources(state.values.root_module)
    .filter((resource) => resource.type === 'aws_cloudfront_function')
    .map((resource) => [resource.values.name.replace(/^[a-z0-9]+-prod-/, ''), resource.values.code]));

function site(uri) {
    const context = vm.createContext({});
    vm.runInContext(`${functions.get('site')}; globalThis.handler = handler;`, context);
    return context.handler({ request: { uri, querystring: {} } });
}

async function region(kind, active) {
    const chosen = [];
    const cf = {
        kvs: () => ({ get: async () => { if (active === undefined) throw new Error('away'); return active; } }),
        selectRequestOriginById: (id) => chosen.push(id),
    };
    const code = functions.get(`region-${kind}`).replace("import cf from 'cloudfront';", '');
    const context = vm.createContext({ cf });
    vm.runInContext(`${code}; globalThis.handler = handler;`, context);
    const request = { uri: '/v1/events' };
    assert.equal(await context.handler({ request }), request);
    return chosen;
}

test('files and pages are found where they are', () => {
    for (const [asked, found] of [
        ['/', '/index.html'], ['/console.html', '/console.html'], ['/console', '/console.html'],
        ['/waiting-room', '/waiting-room.html'], ['/js/lib/eta.js', '/js/lib/eta.js'], ['/site.json', '/site.json'], ['/styles/tokens.css', '/styles/tokens.css'],
    ]) {
        assert.equal(site(asked).uri, found, asked);
    }
});

test('what is not there is answered with the page for it, and with 404', () => {
    for (const asked of ['/nothing', '/tests/eta.test.js', '/README.md', '/js/', '/.git/config', '/metrics']) {
        const answer = site(asked);
        assert.equal(answer.statusCode, 404, asked);
        assert.match(answer.body, /<!doctype html>/i);
        assert.match(answer.headers['content-security-policy'].value, /default-src 'none'/);
    }
});

test('a request goes to the region that is active', async () => {
    for (const kind of ['services', 'board']) {
        assert.deepEqual(await region(kind, 'eu-west-1'), [`${kind}-eu-west-1`]);
        assert.deepEqual(await region(kind, 'eu-central-1'), [`${kind}-eu-central-1`]);
    }
});

test('where nobody says which, it stays with the primary region', async () => {
    assert.deepEqual(await region('services', undefined), []);
    assert.deepEqual(await region('services', 'mars-north-1'), []);
});

test("they fit into CloudFront's limit", () => {
    for (const [name, code] of functions) {
        assert.ok(Buffer.byteLength(code) <= 10240, `${name}: ${Buffer.byteLength(code)}`);
    }
});
