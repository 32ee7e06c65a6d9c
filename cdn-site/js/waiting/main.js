/** The waiting page: wires the queue to the page, the clock and the other tabs of this browser. */
import { call, fetchBoard, fetchPublic } from "../api.js";
import { byId, eventOfPage, linkTo, setText, show } from "../dom.js";
import { loadLanguage, t } from "../i18n.js";
import { serverClock } from "../lib/clock.js";
import { canDraw, drawnPlace, seedMatches } from "../lib/draw.js";
import { applyTheme } from "../theme.js";
import { forget, forgetful, fromFragment, recall, remember, watch } from "../vault.js";
import { arm, armSound } from "./attention.js";
import { Queue } from "./queue.js";
import { render } from "./view.js";

const event = eventOfPage();

await loadLanguage();
if (event === null) {
  document.title = t("event.missing");
  setText(byId("event-name"), t("event.missing"));
  setText(byId("state"), t("state.unknown"));
  setText(byId("lead"), t("lead.unknown"));
  show(byId("home-link"), true);
} else open(event);

/** @param {string} id */
function open(id) {
  void applyTheme(id);
  const carried = fromFragment("place");
  if (forgetful && carried && /^[\w-]{22,64}$/.test(carried)) remember("seat", id, { secret: carried });

  let wantsToJoin = false;
  let before = "";
  const queue = new Queue(
    id,
    {
      call,
      fetchBoard,
      fetchPublic,
      recall,
      remember,
      forget,
      clock: serverClock(),
      random: Math.random,
      hidden: () => document.hidden,
      monotonic: () => performance.now(),
      setTimer: (callback, ms) => setTimeout(callback, ms),
      clearTimer: (timer) => clearTimeout(timer),
    },
    () => {
      render(queue);
      holdPlaceInAddress(queue);
      if (queue.door.pass) goToShop(id, queue.door.pass);
      const { situation } = queue;
      if (wantsToJoin && situation !== "loading") {
        // Known only now that a board is there, which may be long after the page was opened on a bad connection.
        wantsToJoin = false;
        if (situation === "outside") void queue.seating.join();
      }
      // The question whether to leave was asked of somebody who waited; it must not stand before the door.
      if (situation !== before && byId("leave-dialog").open) byId("leave-dialog").close();
      before = situation;
    },
  );

  byId("join").addEventListener("click", () => void queue.seating.join());
  byId("enter").addEventListener("click", () => {
    const pass = recall("pass", id);
    const lives = pass && queue.status?.state === "admitted" && Date.parse(pass.expires_at) > queue.now + 5000;
    if (lives) goToShop(id, pass);
    else void queue.door.enter();
  });
  byId("rejoin").addEventListener("click", () => void (queue.status?.may_rejoin ? queue.seating.rejoin() : queue.seating.joinAnew()));
  byId("cancel").addEventListener("click", () => queue.door.stepBack());
  byId("leave").addEventListener("click", () => byId("leave-dialog").showModal());
  byId("leave-no").addEventListener("click", () => byId("leave-dialog").close());
  byId("leave-yes").addEventListener("click", () => {
    byId("leave-dialog").close();
    void queue.seating.leave();
  });
  byId("check-draw").addEventListener("click", () => void checkDraw(queue));
  offerBell();

  document.addEventListener("visibilitychange", () => {
    render(queue);
    if (!document.hidden) queue.wake();
  });
  addEventListener("online", () => queue.wake());
  addEventListener("pageshow", (shown) => {
    // Coming back with the browser's back button revives the page as it was: a pass already used must not send it off again.
    if (shown.persisted) location.reload();
  });
  watch("seat", id, (seat) => queue.seatChangedElsewhere(seat));
  watch("pass", id, () => queue.wake());

  setInterval(() => {
    // Who is called is called again as the window runs out; anything else can wait until somebody looks.
    if (document.hidden && queue.situation !== "called") return;
    queue.beat();
    render(queue);
  }, 1000);

  const address = new URL(location.href);
  const joins = address.searchParams.get("join") === "1" && !queue.seat?.token;
  if (address.searchParams.has("join")) {
    address.searchParams.delete("join");
    history.replaceState(null, "", address);
  }
  const revived = forgetful && Boolean(queue.seat?.secret);
  wantsToJoin = joins || revived;
  void queue.start();
}

/** The wish for a sound and a notification is kept, so that a reload does not silence it. */
function offerBell() {
  const bell = byId("bell");
  bell.checked = recall("bell", "all") === true;
  if (bell.checked) addEventListener("pointerdown", () => void armSound(), { once: true });
  if (bell.checked) addEventListener("keydown", () => void armSound(), { once: true });
  bell.addEventListener("change", async () => {
    remember("bell", "all", bell.checked);
    if (!bell.checked) show(byId("bell-hint"), false);
    else show(byId("bell-hint"), !(await arm()));
  });
}

/** @param {string} id @param {{token: string, checkout_url: string}} pass */
function goToShop(id, pass) {
  const address = new URL(pass.checkout_url || linkTo("checkout", id), location.href);
  if (address.protocol !== "https:" && address.origin !== location.origin) return;
  if (forgetful || address.origin !== location.origin) address.hash = `pass=${pass.token}`;
  location.assign(address.href);
}

/**
 * Where nothing can be stored, the secret goes into the fragment of the address: a reload or a bookmark then leads
 * back to the same place.
 *
 * @param {Queue} queue
 */
function holdPlaceInAddress({ seat }) {
  if (!forgetful) return;
  const hash = seat?.secret ? `#place=${seat.secret}` : "";
  if (location.hash !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
}

/** @param {Queue} queue */
async function checkDraw(queue) {
  // The server's own word for the place: comparing our arithmetic with itself would prove nothing.
  await queue.ask();
  const { board, seat } = queue;
  if (!board?.draw.seed || !seat?.ticket || !canDraw()) return;
  const sealed = await seedMatches(board.draw.seed, board.draw.commitment);
  const place = await drawnPlace(board.draw.seed, seat.ticket);
  const right = sealed && place === seat.place;
  const verdict = byId("draw-verdict");
  verdict.dataset.right = String(right);
  setText(verdict, t(right ? "place.checked" : "place.wrong"));
}
