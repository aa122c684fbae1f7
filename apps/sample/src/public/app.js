// Keeps the page up to date while somebody looks at it. Everything works without it.

const everyMs = 1000;
let leaving = false;
const announcements = document.querySelector("[data-announcements]");

document.addEventListener("submit", (event) => {
  leaving = true;
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement)) return;
  // After the form's data has been collected: a disabled button is not sent.
  setTimeout(() => {
    button.disabled = true;
    if (!button.dataset.waiting) return;
    // Only the text that is seen: whose button it is follows in an element of its own.
    button.firstChild.data = button.dataset.waiting;
    write(announcements, button.dataset.waiting);
  });
});

addEventListener("pageshow", (event) => {
  // A page that comes back from the browser's history is as it was left.
  if (event.persisted) location.reload();
  else focusOutcome();
});

const cards = new Map([...document.querySelectorAll("[data-connection]")].map((card) => [card.id, card]));
if (announcements) setInterval(update, everyMs);
const device = document.querySelector("[data-device]");
if (device) setInterval(lookAtDevice, everyMs);
for (const time of document.querySelectorAll("[data-local]")) {
  write(time, new Date(time.dateTime).toLocaleTimeString([], { timeStyle: "short" }));
}

/** After a form: on to what came of it. Not after a reload, which would pull the reader away. */
function focusOutcome() {
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type !== "navigate" || !location.hash) return;
  document.getElementById(location.hash.slice(1))?.querySelector("[data-outcome]")?.focus();
}

async function update() {
  if (document.hidden) return;
  try {
    const response = await fetch("/status");
    if (!response.ok) return;
    const { user, connections } = await response.json();
    for (const connection of connections) show(connection);
    const known =
      user === announcements.dataset.user &&
      connections.length === cards.size &&
      connections.every(({ id, state }) => cards.get(id)?.dataset.state === state);
    // Another tab connected or disconnected something, or somebody else signed in. Not while a form is on its way: that would stop it.
    if (!known && !leaving) location.reload();
  } catch {
    // The application is being restarted: the next round tries again.
  }
}

/** Also while nobody looks: the user may be deciding in another tab. */
async function lookAtDevice() {
  if (leaving) return;
  try {
    const response = await fetch("/device/progress");
    const { waiting, left } = response.redirected ? { waiting: false } : await response.json();
    if (waiting) write(device.querySelector("[data-left]"), left);
    else if (!leaving) {
      leaving = true;
      location.replace("/device");
    }
  } catch {
    // The application is being restarted: the next round tries again.
  }
}

function show({ id, tokenSets }) {
  for (const box of cards.get(id)?.querySelectorAll("[data-token]") ?? []) {
    const life = tokenSets[box.dataset.token];
    if (!life) continue;
    write(box.querySelector("[data-left]"), life.left);
    write(box.querySelector("[data-origin]"), life.origin);
    const bar = box.querySelector("progress");
    if (bar && life.share !== undefined) bar.value = life.share;
    if (box.dataset.obtained !== String(life.obtainedAt)) {
      box.dataset.obtained = String(life.obtainedAt);
      box.classList.remove("renewed");
      requestAnimationFrame(() => box.classList.add("renewed"));
      write(announcements, `${box.dataset.label} refreshed`);
    }
  }
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}
