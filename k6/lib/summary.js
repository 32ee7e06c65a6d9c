/** What a run says at its end: for a person, and as JSON for `judge.js` and whoever keeps records. */
import { busyLine, rateLine } from "./lines.js";
import { busyOf, doorOf, holds } from "./verdict.js";

/** The counters that go into the JSON file. */
function countersOf(metrics) {
  const counters = Object.entries(metrics).filter(([, metric]) => metric.type === "counter");
  return Object.fromEntries(counters.map(([name, { values }]) => [name, values.count]));
}

/**
 * @param {import("./story.js").Story} story
 * @param {any} data what k6 hands to `handleSummary`
 * @param {string[][]} [more] further lines: a heading and a text
 */
export function summaryOf(story, data, more = []) {
  const { metrics, setup_data: world, state } = data;
  const counters = countersOf(metrics);
  const count = (name) => Math.round(counters[name] ?? 0);
  const { settings } = story;
  const failed = Object.entries(metrics)
    .filter(([, metric]) => Object.values(metric.thresholds ?? {}).some((threshold) => !threshold.ok))
    .map(([name, { values }]) => ({ name, values }));
  const trend = (name) => {
    const values = metrics[name]?.values;
    if (!values?.count) return "none";
    return `${told(values.med)} median, ${told(values["p(95)"])} p95, ${told(values["p(99)"])} p99, ${told(values.max)} longest`;
  };
  const lengths = { short: story.book.windows.short.length, idle: story.book.windows.idle.length };
  const door = doorOf(counters, lengths);
  const busy = busyOf(counters, lengths);
  const lines = [
    ["story", `${story.name}, ${world?.event} at ${settings.BASE_URL}, ${told(state.testRunDurationMs)}`],
    ["asked", askedOf(settings)],
    [
      "fans",
      `${count("fans_came")} came, ${count("fans_admitted")} admitted, ${count("fans_no_show")} no-shows, ` +
        `${count("fans_left")} left, ${count("calls_missed")} calls missed, ${count("fans_lost")} lost, ` +
        `${count("fans_unaccounted")} unaccounted for`,
    ],
    [
      "order",
      `${count("fans_overtaken")} overtaken, ${count("places_changed")} places changed, ` +
        `${count("places_went_back")} went back`,
    ],
    ["wait", trend("wait_until_admitted")],
    ["door", door === null ? "nobody claimed" : `${trend("called_until_admitted")} from the call to the door`],
    ["rate", settings.PART ? "judged over all machines: node k6/judge.js" : rateLine(door, world, lengths)],
    ["busy", settings.PART ? "likewise" : busyLine(busy, lengths)],
    [
      "orders",
      `${count("orders_confirmed")} confirmed, ${count("orders_refused")} refused, ` +
        `${count("orders_unsettled")} unsettled, ${count("orders_doubled")} doubled; settled in ${trend("order_until_settled")}`,
    ],
    ["join", trend("join_time")],
    ...more,
    [
      "requests",
      `${count("http_reqs")}, ${Math.round((metrics.http_reqs?.values.rate ?? 0) * 10) / 10}/s, ` +
        `${count("requests_retried")} retried, ${count("answers_unexpected")} unexpected answers, ` +
        `longest outage ${told(metrics.service_away?.values.max ?? 0)}`,
    ],
    ...failed.map(({ name, values }) => ["FAILED", `${name}: ${JSON.stringify(values)}`]),
    ...(failed.length === 0 ? [["", "all thresholds hold"]] : []),
  ];
  const balances = Object.entries(story.balances()).map(([name, rule]) => ({ name, rule, count: counters[name] ?? 0 }));
  const file = {
    story: story.name,
    settings: { ...settings, OPERATOR: undefined },
    world,
    seconds: state.testRunDurationMs / 1000,
    lengths,
    failed: failed.map(({ name }) => name),
    balances: balances.filter(({ count: remains }) => remains !== 0),
    counters: Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0)),
    trends: Object.fromEntries(
      Object.entries(metrics)
        .filter(([, metric]) => metric.type === "trend" && metric.values.count > 0)
        .map(([name, { values }]) => [name, values]),
    ),
    holds: failed.length === 0 && (settings.PART || balances.every(holds)),
  };
  const outputs = { stdout: `\n${lines.map(([head, text]) => `  ${head.padEnd(9)} ${text}`).join("\n")}\n\n` };
  if (settings.SUMMARY) outputs[settings.SUMMARY] = `${JSON.stringify(file, null, 2)}\n`;
  return outputs;
}

function askedOf(settings) {
  const { FANS, ARRIVE, NO_SHOW, BUY, MAX_WAIT } = settings;
  const part = (number) => `${Math.round(number * 100)} %`;
  return `${FANS} fans within ${ARRIVE} s, ${part(NO_SHOW)} no-shows, ${part(BUY)} of the others buy, ${MAX_WAIT} s at most`;
}

function told(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 120 ? `${Math.round(seconds * 10) / 10} s` : `${Math.round(seconds / 6) / 10} min`;
}
