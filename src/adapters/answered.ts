// What was answered from here, where the framework sends it later and does not show it meanwhile.

// Registered: the package's other build is to know it too.
const key = Symbol.for('eventwire.answered')

/** Remembers that `exchange`, the framework's object, has been answered. */
export function markAnswered(exchange: object): void {
  Object.defineProperty(exchange, key, { value: true })
}

/** Tells whether it has. */
export function isMarkedAnswered(exchange: object): boolean {
  return key in exchange
}
