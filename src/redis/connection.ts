// The port through which a log speaks to Redis, whichever client it was given.

import { ignore } from '../put-away.js'
import type { Script } from './scripts.js'

/** One connection to Redis, whichever client has it. */
export interface Connection {
  /** Whether a command would leave at once. */
  readonly isReady: boolean
  /** What the client puts before each key, but not before the names of what is published. */
  readonly keyPrefix: string
  /** Whether its client tells when it has connected anew: one that does not may have missed messages at any time. */
  readonly tellsOfReconnect: boolean
  /** Connects a client that the log has made. */
  open(): void
  /** Has a client of the application's connect, if it is one that does so when it is first used. */
  wake(): void
  run(script: Script, keys: string[], args: string[], isKnown: boolean): Promise<unknown>
  publish(channel: string, text: string): Promise<unknown>
  subscribe(channels: string[], listener: MessageListener): Promise<unknown>
  unsubscribe(channels: string[], listener: MessageListener): Promise<unknown>
  duplicate(): Connection
  /** Calls `listener` each time that the connection stands, and `onError` with what goes wrong, until it is taken back. */
  watch(listener: () => void, onError?: (error: unknown) => void): () => void
  /** Ends it after what is under way. */
  close(): Promise<unknown>
  /** Ends it as soon as it can be ended. It has to be watched until then. */
  destroy(): void
}

export type MessageListener = (text: unknown, channel: unknown) => void

export function keyPrefixOf(client: object): string {
  const { options } = client as { options?: { keyPrefix?: unknown } }
  return options?.keyPrefix === undefined ? '' : String(options.keyPrefix)
}

/** What both clients are. */
interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/** The cluster client of `redis` has events of its own: the first connection, and each of a node. */
const READY = ['ready', 'connect', 'node-ready']

export function watch(
  client: Emitter,
  onReady: () => void,
  // An emitter without a listener for errors ends the process. Whoever waits for an answer learns of them.
  onError: (error: unknown) => void = ignore,
): () => void {
  for (const event of READY) client.on(event, onReady)
  client.on('error', onError)
  return () => {
    for (const event of READY) client.off(event, onReady)
    client.off('error', onError)
  }
}
