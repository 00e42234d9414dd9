// What is known of the network: why it failed, and that it is back.

import { SseError } from './errors.js'

/** Gives the error for a connection that was lost, if it is not one already. */
export function lost(message: string, cause: unknown): SseError {
  return cause instanceof SseError ? cause : new SseError('ERR_SSE_CONNECTION', message, { cause })
}

/** Tells failures of `fetch` that would only repeat, where it says so: too many redirects, a port or a scheme that it refuses. */
export function isFutile(cause: unknown): boolean {
  const { cause: inner = cause } = Object(cause)
  const { code, message } = Object(inner)
  // Where there is no code, the message may quote the URL, which may hold any of these words.
  const said = code ?? String(message).replace(/\S*:\/\/\S*/g, '')
  return /redirect|scheme|bad port|are blocked/i.test(said)
}

/** Calls `listener` when a browser says that the network is back, until `signal` aborts. */
export function onNetwork(listener: () => void, signal: AbortSignal): void {
  // [spec] If the operating system has reported that there is no network connectivity, user agents might wait for the
  // [spec] operating system to announce that the network connection has returned before retrying.
  // No more than that: a server on the same machine needs no network.
  if (globalThis.navigator?.onLine === undefined) return
  globalThis.addEventListener('online', () => listener(), { signal })
}
