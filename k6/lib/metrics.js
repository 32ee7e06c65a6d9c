/**
 * What a run counts.
 *
 * The fans of k6 share no memory, but what they count adds up, also over several machines. So what only all of them
 * together can prove is kept as a balance: one side adds, the other takes away, and a threshold says what must remain.
 */
import { Counter, Trend } from "k6/metrics";

export const fans = {
  /** One for each who came, minus one for each of whom it is known what became. */
  unaccounted: new Counter("fans_unaccounted"),
  came: new Counter("fans_came"),
  admitted: new Counter("fans_admitted"),
  noShow: new Counter("fans_no_show"),
  left: new Counter("fans_left"),
  missedTwice: new Counter("fans_missed_twice"),
  missed: new Counter("calls_missed"),
  cameBack: new Counter("fans_came_back"),
  lost: new Counter("fans_lost"),
  overtaken: new Counter("fans_overtaken"),
  moved: new Counter("places_changed"),
  wentBack: new Counter("places_went_back"),
};

export const door = {
  claims: new Counter("claims"),
  untrueTimes: new Counter("door_times_untrue"),
  secondSessions: new Counter("second_sessions"),
};

/**
 * Claims, less those that the rate allows in the same stretch of time: never above zero.
 */
export const aboveRate = {
  short: new Counter("claims_above_rate_10s"),
  minute: new Counter("claims_above_rate_60s"),
  whole: new Counter("claims_above_rate_in_all"),
};

/** Where fans waited all the time: the claims that there must be, less those that there were. Never above zero. */
export const idle = {
  missing: new Counter("claims_missing"),
  offered: new Counter("permits_offered"),
  unproven: new Counter("never_idle_unproven"),
};

export const orders = {
  accepted: new Counter("orders_accepted"),
  confirmed: new Counter("orders_confirmed"),
  refused: new Counter("orders_refused"),
  /** One for each that was accepted, minus one for each that was settled. */
  unsettled: new Counter("orders_unsettled"),
  doubled: new Counter("orders_doubled"),
  /** What was confirmed, less what the stock went down by. */
  stockUnaccounted: new Counter("stock_unaccounted"),
};

export const answers = {
  unexpected: new Counter("answers_unexpected"),
  retried: new Counter("requests_retried"),
  away: new Trend("service_away", true),
  opened: new Counter("side_doors_open"),
  refused: new Counter("attacks_refused"),
};

export const times = {
  join: new Trend("join_time", true),
  wait: new Trend("wait_until_admitted", true),
  door: new Trend("called_until_admitted", true),
  settle: new Trend("order_until_settled", true),
  changed: new Trend("change_until_in_force", true),
};
