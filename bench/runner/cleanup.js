// What a run has to stop however it ends: by an error, by ctrl-C, or by a signal from elsewhere.

/** @type {Set<() => void>} */
const pending = new Set()

/**
 * Has `stop` called at the end of the process, unless it was called before.
 *
 * @template Stopped
 * @param {() => Stopped} stop - at the end of the process nothing of it is awaited
 * @returns {() => Stopped | undefined} calls it now
 */
export function stoppedAtExit(stop) {
  pending.add(stop)
  return () => {
    if (pending.delete(stop)) return stop()
  }
}

export function stopAll() {
  for (const stop of pending) stop()
  pending.clear()
}

// Without a listener a signal ends the process before it can say anything to those that it started. What the bench itself has
// started needs none: it ends with its parent.
if (process.send === undefined) {
  for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    process.once(signal, () => process.exit(128 + number))
  }
}
process.once('exit', stopAll)
