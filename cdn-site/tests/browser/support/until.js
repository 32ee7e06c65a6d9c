/** @param {number} ms @returns {Promise<void>} */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks until the answer is true.
 *
 * @template T
 * @param {string} what said when it never is
 * @param {() => Promise<T>|T} ask
 * @param {number} [timeout]
 * @returns {Promise<T>}
 */
export async function until(what, ask, timeout = 20_000) {
  const end = performance.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`not within ${timeout} ms: ${what}`);
    await sleep(100);
  }
}
