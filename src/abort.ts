// One listener a signal, however many streams wait for it.

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `listener` when `signal` aborts; at once if it has.
 *
 * An application hands one signal to all of its streams, and Node warns of a leak at the eleventh
 * listener of a signal: so they share one.
 *
 * @returns what takes the listener back.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener()
    return () => {}
  }
  const waiting = listeners.get(signal) ?? watch(signal)
  waiting.add(listener)
  return () => waiting.delete(listener)
}

function watch(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>()
  listeners.set(signal, waiting)
  signal.addEventListener(
    'abort',
    () => {
      for (const listener of waiting) listener()
      waiting.clear()
    },
    { once: true },
  )
  return waiting
}
