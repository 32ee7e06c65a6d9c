/**
 * The shapes of the HTTP contract that the pages read, for editors and type checkers; there is no code here.
 *
 * @typedef {"prequeue"|"admitting"|"paused"|"recovering"|"bypass"|"closed"} Phase
 *
 * @typedef {object} Offer
 * @property {string} id
 * @property {string} name
 * @property {number} price_cents
 * @property {string} currency
 * @property {number} stock
 * @property {number} stock_left
 * @property {number} max_per_order
 *
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string|null} venue
 * @property {string|null} starts_at
 * @property {string} opens_at
 * @property {string} on_sale_at
 * @property {string|null} closes_at
 * @property {Phase} phase
 * @property {number} waiting
 * @property {Offer[]} offers
 * @property {string} server_time
 *
 * @typedef {object} PollPolicy
 * @property {number} min_ms
 * @property {number} max_ms
 * @property {number} eta_fraction
 * @property {number} jitter
 * @property {number} hidden_ms
 *
 * @typedef {object} Board
 * @property {string} event
 * @property {number} epoch
 * @property {Phase} phase
 * @property {string} at
 * @property {string} opens_at
 * @property {string} on_sale_at
 * @property {string|null} closes_at
 * @property {number} frontier
 * @property {number} waiting
 * @property {number} rate_per_minute
 * @property {number|null} observed_per_minute
 * @property {number|null} observed_low_per_minute
 * @property {number|null} observed_high_per_minute
 * @property {string|null} slowed_at
 * @property {{first: number, unit: number, gaps: number[]}|null} [head] the first places; absent while nobody waits
 * @property {[number, number][]} marks
 * @property {PollPolicy} poll_policy
 * @property {{commitment: string, seed: string|null}} draw
 * @property {number} call_window_seconds
 * @property {string|null} message
 *
 * @typedef {object} Status
 * @property {"prequeue"|"waiting"|"called"|"admitted"|"expired"|"left"|"closed"} state
 * @property {number|null} ahead
 * @property {number} waiting
 * @property {number|null} eta_seconds
 * @property {number|null} eta_low_seconds
 * @property {number|null} eta_high_seconds
 * @property {number} poll_after_ms
 * @property {Phase} phase
 * @property {number} epoch
 * @property {number|null} place
 * @property {"prequeue"|"arrival"} cohort
 * @property {string|null} [call_expires_at]
 * @property {string|null} [session_expires_at]
 * @property {boolean} [may_rejoin]
 * @property {string|null} [message]
 * @property {string} [queue_token]
 *
 * @typedef {object} Seat what this browser remembers of its ticket
 * @property {string} secret
 * @property {string} [token]
 * @property {string} [ticket]
 * @property {"prequeue"|"arrival"} [cohort]
 * @property {number|null} [place]
 * @property {number} [epoch]
 * @property {import("./steady.js").Shown|null} [shown]
 *
 * @typedef {object} Order
 * @property {string} order_id
 * @property {string} event
 * @property {"pending"|"confirmed"|"refused"} state
 * @property {string|null} reason
 * @property {{offer: string, name: string, quantity: number, price_cents: number}[]} lines
 * @property {number} total_cents
 * @property {string} currency
 * @property {string} name
 * @property {string} email
 * @property {string} placed_at
 * @property {string|null} settled_at
 *
 * @typedef {object} Figures
 * @property {string} event
 * @property {string} at
 * @property {Phase} phase
 * @property {number} epoch
 * @property {number} rate_per_minute
 * @property {number} max_active_sessions
 * @property {string} mode
 * @property {string} message
 * @property {number} [region_percent]
 * @property {number} waiting
 * @property {number} called
 * @property {number} at_door
 * @property {number} sessions
 * @property {number} joined_total
 * @property {number} called_total
 * @property {number} claimed_total
 * @property {number} missed_total
 * @property {number} left_total
 * @property {number} sessions_ended_total
 * @property {number} claims_per_minute
 * @property {number|null} calls_per_minute
 * @property {number} joins_per_minute
 * @property {number|null} no_show_share
 * @property {number|null} eta_back_of_queue_seconds
 * @property {{setting: string, value: string, reason: string, since: string}[]} refused_settings
 * @property {number} settings_age_seconds
 * @property {{pending: number, confirmed: number, refused: number, queue_depth: number, dead_letters: number}|null} orders
 * @property {{id: string, name: string, stock: number, stock_left: number|null}[]} offers
 * @property {Health[]} [health]
 *
 * @typedef {object} Health
 * @property {"queue-store"|"settings"|"order-queue"|"audit"} part
 * @property {boolean} ok
 * @property {string} since
 * @property {string} detail one line for a person
 */
export {};
