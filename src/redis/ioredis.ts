// The clients of the package `ioredis`: what the log needs of them, and their connection.

import { ignore } from '../put-away.js'
import { type Connection, keyPrefixOf, type MessageListener, watch } from './connection.js'
import type { Script } from './scripts.js'

/** A client of the package `ioredis`, or its cluster client, as far as the log uses it. */
export interface IoredisClient {
  /** `'ready'`: commands leave at once; `'wait'`: it connects when it is first used. */
  readonly status: string
  /** Runs a script that the server knows. */
  evalsha(sha1: string, keys: number, ...args: string[]): Promise<unknown>
  /** Runs a script. */
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>
  /** Sends a message. */
  publish(channel: string, message: string): Promise<unknown>
  /** Makes another client of the same configuration. */
  duplicate(): IoredisClient
  /** Connects for the first time. */
  connect(): Promise<unknown>
  /** Receives messages. */
  subscribe(...channels: string[]): Promise<unknown>
  /** Receives no more. */
  unsubscribe(...channels: string[]): Promise<unknown>
  /** Listens. */
  on(event: string, listener: (...args: unknown[]) => void): unknown
  /** Listens no more. */
  off(event: string, listener: (...args: unknown[]) => void): unknown
  /** Ends the connection after what is under way. */
  quit(): Promise<unknown>
  /** Ends the connection now. */
  disconnect(): void
}

/** A connection of `ioredis`. */
export class IoredisConnection implements Connection {
  readonly #client: IoredisClient
  #listener: ((channel: unknown, text: unknown) => void) | undefined

  constructor(client: IoredisClient) {
    this.#client = client
  }

  get tellsOfReconnect(): boolean {
    // A cluster client takes another node for its subscriptions in silence.
    return (this.#client as { isCluster?: boolean }).isCluster !== true
  }

  get isReady(): boolean {
    return this.#client.status === 'ready'
  }

  get keyPrefix(): string {
    return keyPrefixOf(this.#client)
  }

  open(): void {
    // Others have begun when they were made.
    if (this.#client.status === 'wait') this.#client.connect().catch(ignore)
  }

  wake(): void {
    this.open()
  }

  run({ text, sha1 }: Script, keys: string[], args: string[], isKnown: boolean): Promise<unknown> {
    return isKnown
      ? this.#client.evalsha(sha1, keys.length, ...keys, ...args)
      : this.#client.eval(text, keys.length, ...keys, ...args)
  }

  publish(channel: string, text: string): Promise<unknown> {
    return this.#client.publish(channel, text)
  }

  subscribe(channels: string[], listener: MessageListener): Promise<unknown> {
    if (this.#listener === undefined) {
      this.#listener = (channel, text) => listener(text, channel)
      this.#client.on('message', this.#listener)
    }
    return this.#client.subscribe(...channels)
  }

  unsubscribe(channels: string[]): Promise<unknown> {
    return this.#client.unsubscribe(...channels)
  }

  duplicate(): Connection {
    if (!this.tellsOfReconnect) return new IoredisConnection(this.#client.duplicate())
    // What it subscribes to again by itself, and in vain, ends the process: nobody hears of the failure.
    const options = { autoResubscribe: false }
    const { duplicate } = this.#client as { duplicate(options: object): IoredisClient }
    return new IoredisConnection(duplicate.call(this.#client, options))
  }

  watch(listener: () => void, onError?: (error: unknown) => void): () => void {
    return watch(this.#client, listener, onError)
  }

  close(): Promise<unknown> {
    return this.#client.quit()
  }

  destroy(): void {
    this.#client.disconnect()
  }
}
