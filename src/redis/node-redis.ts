// The clients of the package `redis`: what the log needs of them, and their connection.

import { ignore } from '../put-away.js'
import { type Connection, keyPrefixOf, type MessageListener, watch } from './connection.js'
import type { Script } from './scripts.js'

/** A client of the package `redis`, or its cluster client, as far as the log uses it. The application connects it. */
export interface NodeRedisClient {
  /** Whether it has been connected, and is not closed. */
  readonly isOpen: boolean
  /** Whether commands leave at once. The cluster client of version 5 does not say. */
  readonly isReady?: boolean
  /** Runs a script that the server knows. */
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  /** Sends a message. */
  publish(channel: string, message: string): Promise<unknown>
  /** Makes another client of the same configuration. */
  duplicate(): NodeRedisClient
  /** Connects for the first time. */
  connect(): Promise<unknown>
  /** Receives messages. */
  subscribe(channels: string[], listener: (...args: unknown[]) => void): Promise<unknown>
  /** Receives no more. */
  unsubscribe(channels: string[], listener: (...args: unknown[]) => void): Promise<unknown>
  /** Listens. */
  on(event: string, listener: (...args: unknown[]) => void): unknown
  /** Listens no more. */
  off(event: string, listener: (...args: unknown[]) => void): unknown
  /** Ends the connection after what is under way. */
  close(): Promise<unknown>
  /** Ends the connection now. */
  destroy(): void
}

/** A connection of `redis`. */
export class NodeRedisConnection implements Connection {
  readonly #client: NodeRedisClient
  /** A socket is on its way to the server. */
  #isDialling: boolean
  /** To be destroyed once the socket has arrived, or has not. */
  #isUnwanted = false

  constructor(client: NodeRedisClient) {
    this.#client = client
    this.#isDialling = client.isOpen && client.isReady === false
  }

  get isReady(): boolean {
    return this.#client.isReady ?? this.#client.isOpen
  }

  get tellsOfReconnect(): boolean {
    // The cluster client of version 5 tells of the first connection of each node alone.
    return this.#client.isReady !== undefined
  }

  get keyPrefix(): string {
    return keyPrefixOf(this.#client)
  }

  open(): void {
    this.#isDialling = true
    this.#client.connect().catch(ignore)
  }

  wake(): void {}

  run({ text, sha1 }: Script, keys: string[], args: string[], isKnown: boolean): Promise<unknown> {
    const options = { keys, arguments: args }
    return isKnown ? this.#client.evalSha(sha1, options) : this.#client.eval(text, options)
  }

  publish(channel: string, text: string): Promise<unknown> {
    return this.#client.publish(channel, text)
  }

  subscribe(channels: string[], listener: MessageListener): Promise<unknown> {
    return this.#client.subscribe(channels, listener)
  }

  unsubscribe(channels: string[], listener: MessageListener): Promise<unknown> {
    return this.#client.unsubscribe(channels, listener)
  }

  duplicate(): Connection {
    return new NodeRedisConnection(this.#client.duplicate())
  }

  watch(listener: () => void, onError?: (error: unknown) => void): () => void {
    const onReady = () => {
      if (this.isReady) this.#onDialled()
      listener()
    }
    const unwatch = watch(this.#client, onReady, onError)
    this.#client.on('reconnecting', this.#onDial)
    this.#client.on('error', this.#onDialled)
    return () => {
      unwatch()
      this.#client.off('reconnecting', this.#onDial)
      this.#client.off('error', this.#onDialled)
    }
  }

  close(): Promise<unknown> {
    return this.#client.close()
  }

  destroy(): void {
    // Destroyed now, it would forget the socket that is on its way, and stand all the same when that has arrived.
    if (this.#isDialling) this.#isUnwanted = true
    else this.#client.destroy()
  }

  readonly #onDial = () => {
    this.#isDialling = true
  }

  readonly #onDialled = () => {
    this.#isDialling = false
    if (!this.#isUnwanted) return
    this.#isUnwanted = false
    this.#client.destroy()
  }
}
