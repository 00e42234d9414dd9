// What the log needs of a Redis client, and the two clients as one.

import { createHash } from 'node:crypto'
import { wrongType } from '../misuse.js'

/** A client of the package `redis`, or its cluster client, as far as the log uses it. The application connects it. */
export interface NodeRedisClient {
  /** Whether commands leave at once. */
  readonly isReady: boolean
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

/** A client of either package. */
export type RedisClient = NodeRedisClient | IoredisClient

/** A script, and the name by which a server knows it. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

export function scriptOf(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}

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
  /** Calls `listener` each time that the connection stands, and hears errors, until it is taken back. */
  watch(listener: () => void): () => void
  /** Ends it after what is under way. */
  close(): Promise<unknown>
  destroy(): void
}

type MessageListener = (text: unknown, channel: unknown) => void

/** @throws {TypeError} when it is a client of neither package. */
export function connectionOf(client: RedisClient): Connection {
  if (has(client, 'evalSha', 'eval', 'publish', 'duplicate', 'subscribe', 'on', 'destroy')) {
    return new NodeRedisConnection(client as NodeRedisClient)
  }
  if (has(client, 'evalsha', 'eval', 'publish', 'duplicate', 'subscribe', 'on', 'disconnect')) {
    return new IoredisConnection(client as IoredisClient)
  }
  throw wrongType('the client', 'one of redis (5 or later) or ioredis', client)
}

class NodeRedisConnection implements Connection {
  readonly tellsOfReconnect = true
  readonly #client: NodeRedisClient

  constructor(client: NodeRedisClient) {
    this.#client = client
  }

  get isReady(): boolean {
    return this.#client.isReady
  }

  get keyPrefix(): string {
    return keyPrefixOf(this.#client)
  }

  open(): void {
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

  watch(listener: () => void): () => void {
    return watch(this.#client, listener)
  }

  close(): Promise<unknown> {
    return this.#client.close()
  }

  destroy(): void {
    this.#client.destroy()
  }
}

class IoredisConnection implements Connection {
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
    return new IoredisConnection(this.#client.duplicate())
  }

  watch(listener: () => void): () => void {
    return watch(this.#client, listener)
  }

  close(): Promise<unknown> {
    return this.#client.quit()
  }

  destroy(): void {
    this.#client.disconnect()
  }
}

function has(client: unknown, ...methods: string[]): boolean {
  const candidate = client as Record<string, unknown> | undefined
  return methods.every((method) => typeof candidate?.[method] === 'function')
}

function keyPrefixOf(client: RedisClient): string {
  const { options } = client as { options?: { keyPrefix?: unknown } }
  return options?.keyPrefix === undefined ? '' : String(options.keyPrefix)
}

/** The cluster client of `redis` has events of its own: the first connection, and each of a node. */
const READY = ['ready', 'connect', 'node-ready']

function watch(client: RedisClient, onReady: () => void): () => void {
  for (const event of READY) client.on(event, onReady)
  // An emitter without a listener for errors ends the process. Whoever waits for an answer learns of them.
  client.on('error', ignore)
  return () => {
    for (const event of READY) client.off(event, onReady)
    client.off('error', ignore)
  }
}

/** For what fails where nobody waits, and is tried again anyway. */
export function ignore(_error: unknown): void {}
