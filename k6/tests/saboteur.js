// A proxy in front of the real program that breaks one promise: what the stories have to notice.

import { createServer, Agent, request as forward } from "node:http";
import { once } from "node:events";

/** Of ten tickets, which one a saboteur picks on. */
const isVictim = (ticket) => ticket.charCodeAt(2) % 10 === 0;

function ticketOf({ authorization = "" }) {
  try {
    return JSON.parse(Buffer.from(authorization.split(".")[1], "base64url")).sub ?? "";
  } catch {
    return "";
  }
}

const onBoard = (change) => (answer, { path }) => path.endsWith("/board") && change(answer.body);
const onMe = (change) => (answer, { path, ticket }) =>
  path.endsWith("/queue/me") && isVictim(ticket) && answer.body.state && change(answer.body);

/** What is wrong with the service, and which answer that changes: `(answer, request)`; each run makes it anew. */
export const SABOTAGES = {
  "does its best": () => () => {},
  "lets in more than the rate": () => onBoard((board) => (board.rate_per_minute *= 0.8)),
  "lets in less than the rate while fans wait": () => onBoard((board) => (board.rate_per_minute *= 1.5)),
  "lets in while it says that it is paused": () => onBoard((board) => (board.phase = "paused")),
  "calls some fans after others behind them": () => {
    const called = new Map();
    return (answer, { path, ticket }) => {
      if (!isVictim(ticket) || !/\/(me|admission)$/.test(path)) return;
      if (answer.body.state === "called" && !called.has(ticket)) called.set(ticket, Date.now());
      if (Date.now() - called.get(ticket) > 8_000) return;
      if (path.endsWith("/me") && answer.body.state === "called") {
        Object.assign(answer.body, { state: "waiting", ahead: 0, call_expires_at: null });
      }
    };
  },
  "dates calls later than others behind them": () =>
    onMe((status) => {
      if (status.state !== "called") return;
      status.call_expires_at = new Date(Date.parse(status.call_expires_at) + 20_000).toISOString();
    }),
  "loses fans": () => onMe((status) => (status.state = "left")),
  "gives out places anew": () => onMe((status) => status.place !== null && (status.place += 1)),
  "tells admissions of another time": () => (answer) => {
    if (answer.body.admitted_at) answer.body.admitted_at = new Date(Date.now() - 30_000).toISOString();
  },
  "makes a second order of a repeated request": () => {
    const keys = new Set();
    return (answer, { path, headers }) => {
      if (path !== "/v1/orders" || !answer.body.order_id) return;
      if (keys.has(headers["idempotency-key"])) answer.body.order_id = "AAAAAAAAAAAAAAAAAAAAAA";
      keys.add(headers["idempotency-key"]);
    };
  },
  "sells what is not in its books": () => {
    let sold = false;
    return (answer, { path }) => {
      sold ||= answer.body.state === "confirmed";
      if (sold && /^\/v1\/events\/[^/]+$/.test(path)) answer.body.offers[0].stock_left -= 1;
    };
  },
  "loses orders": () => {
    return (answer, { path, method }) => {
      if (method === "GET" && path.startsWith("/v1/orders/") && answer.body.state) answer.status = 404;
    };
  },
  "opens to forged tokens": () => (answer) => {
    if (answer.status === 401) answer.status = 200;
  },
  "takes bad settings": () => (answer, { method, path }) => {
    if (method === "PATCH" && path.endsWith("/settings")) answer.status = 200;
  },
  "draws by another seed than it promised": () =>
    onBoard((board) => {
      if (board.draw.seed) board.draw.commitment = "00".repeat(32);
    }),
  "hides that fans wait": () => onBoard((board) => (board.waiting = 0)),
  "tells the old rate for ever": () => {
    let rate;
    return onBoard((board) => (board.rate_per_minute = rate ??= board.rate_per_minute));
  },
  "adopts bad settings though it refuses them": () => {
    let refused = 0;
    return (answer, { method, path }) => {
      if (!path.endsWith("/settings")) return;
      if (method === "PATCH" && answer.status === 422) refused += 1;
      if (method === "GET") answer.body.admission_rate_per_minute += refused;
    };
  },
  "lets people cut in": () => {
    let told = 0;
    return (answer, { path }) => {
      if (path.endsWith("/queue/me") && answer.body.state === "waiting") answer.body.ahead += 20 * (told += 1);
    };
  },
  "opens a session for each claim": () => {
    let claims = 0;
    return (answer) => {
      if (answer.body.session) answer.body.session = `${answer.body.session.slice(0, -4)}${1000 + (claims += 1)}`;
    };
  },
  "says sold out though there is some": () => (answer, { path }) => {
    if (!/^\/v1\/events\/[^/]+$/.test(path)) return;
    for (const offer of answer.body.offers) offer.stock_left += 1;
  },
  "mixes up the cohorts": () => (answer, { path, method }) => {
    if (method !== "POST" || !path.endsWith("/queue") || !answer.body.status) return;
    answer.body.status.cohort = answer.body.status.cohort === "arrival" ? "prequeue" : "arrival";
  },
  "is away for some seconds": () => {
    let began;
    return (answer, { path }) => {
      if (!/\/(queue|me|admission|orders)/.test(path)) return;
      began ??= Date.now();
      const passed = Date.now() - began;
      if (passed > 500 && passed < 8_000) answer.status = 503;
    };
  },
  "lets those back in who left": () => (answer, { path }) => {
    if (path.endsWith("/rejoin") && answer.status === 409) answer.status = 200;
  },
};

/** Puts the saboteur in front of `target`; ends with `close`. */
export async function sabotage(target, change) {
  const agent = new Agent({ keepAlive: true, maxSockets: 4_000 });
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const passed = { hostname, port, method, path, agent, headers: { ...headers, "accept-encoding": "identity" } };
    const onward = forward(passed, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        const answer = { status: response.statusCode, body: parsed(Buffer.concat(chunks)) };
        if (answer.body !== null) change(answer, { method, path, headers, ticket: ticketOf(headers) });
        const bytes = answer.body === null ? Buffer.concat(chunks) : Buffer.from(JSON.stringify(answer.body));
        const { "content-length": _, "transfer-encoding": __, ...kept } = response.headers;
        outgoing.writeHead(answer.status, kept).end(bytes);
      });
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

function parsed(bytes) {
  try {
    const body = JSON.parse(bytes.toString());
    return typeof body === "object" ? body : null;
  } catch {
    return null;
  }
}
