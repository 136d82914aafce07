/** What happens next, by itself? Events in order of time; run before every request and by one timer in between. */

interface Event {
  at: number;
  run: () => void;
}

export interface Agenda {
  /** A binary heap, the earliest event first. */
  events: Event[];
  timer?: NodeJS.Timeout;
}

/** The longest wait a timer of Node can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function createAgenda(): Agenda {
  return { events: [] };
}

/** Plans `run` for the moment `at`. It never runs before, and at once with the next request when late. */
export function plan(agenda: Agenda, at: number, run: () => void): void {
  push(agenda.events, { at, run });
  if (agenda.events[0]?.run === run) arm(agenda);
}

/** Runs everything that is due. */
export function runDue(agenda: Agenda, now: number): void {
  let ran = false;
  for (let first = agenda.events[0]; first && first.at <= now; first = agenda.events[0]) {
    pop(agenda.events);
    first.run();
    ran = true;
  }
  if (ran) arm(agenda);
}

export function clearAgenda(agenda: Agenda): void {
  clearTimeout(agenda.timer);
  agenda.events = [];
}

function arm(agenda: Agenda): void {
  clearTimeout(agenda.timer);
  const first = agenda.events[0];
  if (!first) return;
  const wait = Math.min(MAX_TIMER_MS, Math.max(0, first.at - Date.now()));
  agenda.timer = setTimeout(() => {
    runDue(agenda, Date.now());
    arm(agenda);
  }, wait);
  agenda.timer.unref();
}

function push(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfEarlier(heap, index, parent)) return;
    index = parent;
  }
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const right = left + 1;
    const child = (heap[right]?.at ?? Infinity) < (heap[left]?.at ?? Infinity) ? right : left;
    if (child >= heap.length || !swapIfEarlier(heap, child, index)) return;
    index = child;
  }
}

function swapIfEarlier(heap: Event[], child: number, parent: number): boolean {
  const [lower, upper] = [heap[child], heap[parent]];
  if (!lower || !upper || lower.at >= upper.at) return false;
  heap[child] = upper;
  heap[parent] = lower;
  return true;
}
