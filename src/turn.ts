// Turns of the event loop, counted. What microtasks do within one turn is one turn.

type Schedule = (task: () => void) => unknown

let turn = 0
let isCounting = false

/** Runs `task` once the event loop has come round and has seen to its sockets. */
export function nextTurn(task: () => void): void {
  // Looked up at each call: fake timers replace it.
  const schedule: Schedule =
    (globalThis as { setImmediate?: Schedule }).setImmediate ?? globalThis.setTimeout
  schedule(task)
}

/** Gives the number of the present turn, and sees to it that the next one gets another. */
export function currentTurn(): number {
  if (!isCounting) {
    isCounting = true
    nextTurn(() => {
      isCounting = false
      turn++
    })
  }
  return turn
}

/** Tells whether the turn with this number is over. */
export const isPast = (number: number): boolean => turn > number
