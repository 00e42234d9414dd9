// Turns of the event loop, counted. What microtasks do within one turn is one turn.

/**
 * Whether a timer belongs to the request that has set it, and is gone with it. There no timer is for all, and a request
 * without one of its own is taken for dead.
 */
export const isTimerOfRequest = 'WebSocketPair' in globalThis

/** A turn is over for certain at the second count: the first may come from its own last phase. */
const COUNTS = 2

let turn = 0
let countsLeft = 0
let scheduledBy: typeof setTimeout | undefined

/** Runs `task` once the event loop has come round and has seen to its sockets. */
export function nextTurn(task: () => void): void {
  try {
    setImmediate(task)
  } catch {
    // Most runtimes have none, and that of the Edge Runtime of Next.js throws.
    setTimeout(task)
  }
}

/** Gives the number of the present turn, and sees to it that the turns after it are counted. */
export function currentTurn(): number {
  countsLeft = COUNTS
  // A test's fake timers come and go.
  if (isTimerOfRequest || scheduledBy !== setTimeout) schedule()
  return turn
}

function schedule(): void {
  scheduledBy = setTimeout
  nextTurn(count)
}

function count(): void {
  turn++
  scheduledBy = undefined
  if (--countsLeft > 0) schedule()
}

/** Tells whether the turn with this number is over, and the sockets have been seen to since. */
export const isPast = (number: number): boolean => turn >= number + COUNTS
