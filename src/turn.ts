// Turns of the event loop, counted. What microtasks do within one turn is one turn.

type Schedule = (task: () => void) => unknown

/**
 * Whether a timer belongs to the request that has set it, and is gone with it. There no timer is for all, and a request
 * without one of its own is taken for dead.
 */
export const isTimerOfRequest = 'WebSocketPair' in globalThis

/** A turn is over for certain at the second count: the first may come from its own last phase. */
const COUNTS = 2

let turn = 0
let countsLeft = 0
let scheduledBy: Schedule | undefined

// Looked up at each call: a test's fake timers come and go.
const scheduler = (): Schedule =>
  (globalThis as { setImmediate?: Schedule }).setImmediate ?? globalThis.setTimeout

/** Runs `task` once the event loop has come round and has seen to its sockets. */
export function nextTurn(task: () => void): void {
  scheduler()(task)
}

/** Gives the number of the present turn, and sees to it that the turns after it are counted. */
export function currentTurn(): number {
  countsLeft = COUNTS
  if (isTimerOfRequest || scheduledBy !== scheduler()) scheduleCount()
  return turn
}

function scheduleCount(): void {
  scheduledBy = scheduler()
  scheduledBy(count)
}

function count(): void {
  turn++
  scheduledBy = undefined
  if (--countsLeft > 0) scheduleCount()
}

/** Tells whether the turn with this number is over, and the sockets have been seen to since. */
export const isPast = (number: number): boolean => turn >= number + COUNTS
