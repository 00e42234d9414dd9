// The log of many processes: one order for each channel, kept in Redis.

import { Alarm, ring } from '../clock.js'
import { newEpoch } from '../epoch.js'
import { SseError } from '../errors.js'
import type {
  EventLog,
  HistoryLimits,
  LogFollower,
  LogPage,
  NewRecord,
  SinceOptions,
  Unfollow,
} from '../log.js'
import { integer, known, MAX_DELAY_MS, wrongType } from '../misuse.js'
import { Appends } from './appends.js'
import { type Connection, ignore } from './connection.js'
import { FollowedChannel } from './followed-channel.js'
import type { IoredisClient } from './ioredis.js'
import type { NodeRedisClient } from './node-redis.js'
import { Reader, type RedisPage } from './reader.js'
import { connectionOf, type RedisClient } from './redis-client.js'
import { comparePositions } from './redis-id.js'
import { textOf } from './redis-record.js'
import { Subscriber } from './subscriber.js'

export type { IoredisClient, NodeRedisClient, RedisClient }

/** How a `RedisLog` behaves. Every option can be left out. */
export interface RedisLogOptions {
  /**
   * What the names of its keys and messages begin with: text without braces. Applications that share a server need
   * different ones, in different databases, too: messages know no databases.
   *
   * @defaultValue `'eventwire:'`
   */
  prefix?: string | undefined
  /**
   * How long `append` waits for Redis, in milliseconds: an integer from 1 to 2147483647. Then it rejects.
   *
   * @defaultValue `5_000`
   */
  timeoutMs?: number | undefined
  /**
   * After how many milliseconds the keys of a channel expire that nobody publishes to, follows or asks: an integer
   * from 1_000 to 2147483647. Clients that come back later than that are told of a gap.
   *
   * @defaultValue `86_400_000`, a day
   */
  idleMs?: number | undefined
}

const REDIS_OPTIONS: readonly (keyof RedisLogOptions)[] = ['prefix', 'timeoutMs', 'idleMs']

/** What is read at once by a node that has missed something. */
const PAGE = { maxRecords: 256, maxBytes: 262_144 }
/** Where only the position counts. */
const NONE = { maxRecords: 0, maxBytes: 1 }
/** How long the goodbye to Redis may take. */
const GOODBYE_MS = 1_000
const DAY_MS = 86_400_000

/**
 * The log of many processes: each channel's events have one order, the same ids and one history on all nodes.
 *
 * Give it to the channels of each node, and name them alike. It sends commands by the application's client, of the package
 * `redis` or `ioredis`, and opens one connection more by `client.duplicate()` as soon as a channel has subscribers.
 *
 * `close` closes the client, too: hand over `client.duplicate()` to keep it.
 */
export class RedisLog implements EventLog {
  readonly #connection: Connection
  readonly #unwatch: () => void
  readonly #prefix: string
  readonly #idleMs: number
  /** Tells this log's events, so that one which the client sends again is known. */
  readonly #sender = newEpoch()
  readonly #appends: Appends
  readonly #reader: Reader
  readonly #subscriber: Subscriber
  /** By topic. */
  readonly #followed = new Map<string, FollowedChannel>()
  /** What is followed is in use, whether anything is published or not. */
  readonly #inUse: Alarm
  #closing: Promise<void> | undefined

  /**
   * Makes a log. It listens to the client's events, `ready` and `error` among them, until it is closed.
   *
   * @param client - the application's, which connects it; `RedisLog` knows it by its methods
   * @throws {TypeError} when `client` is none, or an option has the wrong type.
   * @throws {RangeError} when an option is out of its range.
   */
  constructor(client: RedisClient, options: RedisLogOptions = {}) {
    const {
      prefix = 'eventwire:',
      timeoutMs = 5_000,
      idleMs = DAY_MS,
    } = known(options, REDIS_OPTIONS)
    // Braces of its own would decide which part of a key a cluster hashes.
    if (typeof prefix !== 'string' || /[{}]/.test(prefix) || !prefix.isWellFormed()) {
      throw wrongType('`prefix`', 'well-formed text without braces', prefix)
    }
    this.#prefix = prefix
    this.#idleMs = integer('`idleMs`', idleMs, 1_000, MAX_DELAY_MS)
    this.#connection = connectionOf(client)
    this.#appends = new Appends(
      this.#connection,
      integer('`timeoutMs`', timeoutMs, 1, MAX_DELAY_MS),
    )
    this.#reader = new Reader(this.#connection)
    const echo = `${this.#connection.keyPrefix}${prefix}echo:${this.#sender}`
    this.#subscriber = new Subscriber(this.#connection, echo, {
      onMessage: (topic, text) => this.#followed.get(topic)?.onMessage(text),
      onSubscribed: (topic) => void this.#followed.get(topic)?.catchUp(),
      onRefused: (topic, error) => this.#followed.get(topic)?.refuse(error),
    })
    this.#inUse = new Alarm({ [ring]: () => this.#keepInUse() })
    const onReady = () => {
      if (!this.#connection.isReady) return
      this.#appends.onReady()
      this.#reader.onReady()
    }
    this.#unwatch = this.#connection.watch(onReady, (error) => this.#appends.onError(error))
  }

  /**
   * As of {@link EventLog}. While Redis is away it waits, for as long as `timeoutMs`; what rejects may have been appended
   * all the same, or still be.
   *
   * @throws {SseError} rejects with `ERR_SSE_LOG` when Redis has not taken the event, and `ERR_SSE_CLOSED` once the log
   * is closed.
   */
  async append(channel: string, record: NewRecord, limits: HistoryLimits): Promise<string> {
    this.#checkOpen()
    const keys = this.#keysOf(channel)
    const { maxEvents, maxBytes, maxAgeMs } = limits
    const age = maxAgeMs === Number.POSITIVE_INFINITY ? 0 : maxAgeMs
    return this.#appends.add(keys, [
      ...this.#shared(),
      textOf(record),
      this.#topicOf(channel),
      `${maxEvents} ${maxBytes} ${age}`,
    ])
  }

  /** As of {@link EventLog}. Waits while Redis is away. */
  async follow(channel: string, follower: LogFollower): Promise<Unfollow> {
    this.#checkOpen()
    const topic = this.#topicOf(channel)
    const known = this.#followed.get(topic)
    const read = (after?: string) =>
      this.#read(channel, after ?? '', after === undefined ? NONE : PAGE)
    const followed = known ?? new FollowedChannel(read)
    const begun = followed.add(follower)
    if (known === undefined) {
      if (this.#followed.size === 0) this.#keepInUse()
      this.#followed.set(topic, followed)
      this.#subscriber.add(topic)
    }
    const leave = () => this.#leave(topic, followed, follower)
    try {
      await begun
    } catch (error) {
      leave()
      throw error
    }
    return async () => leave()
  }

  /** As of {@link EventLog}. Waits while Redis is away. */
  async since(channel: string, id: string, options: SinceOptions): Promise<LogPage> {
    const { complete, from, last, records } = await this.#read(channel, id, options)
    this.#followed.get(this.#topicOf(channel))?.onShown(last)
    return { records, complete, from, more: (records.at(-1)?.id ?? last) !== last }
  }

  /** As of {@link EventLog}. */
  compare(one: string, other: string): number {
    return comparePositions(one, other)
  }

  /**
   * Closes both connections, after what is under way: where Redis does not answer, that takes as long as `timeoutMs` for
   * events, and a second more. Events that have not been sent to Redis are rejected with `ERR_SSE_CLOSED`.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#inUse.stop()
    this.#subscriber.close()
    this.#reader.close()
    for (const followed of this.#followed.values()) followed.close(closed())
    this.#followed.clear()
    await this.#appends.close()
    const goodbye = new Promise<void>((resolve) => {
      new Alarm({ [ring]: () => resolve() }).start(GOODBYE_MS)
    })
    this.#unwatch()
    // While it goes, and when it has gone, it may have errors to tell.
    this.#connection.watch(() => {})
    if (this.#connection.isReady) {
      await Promise.race([goodbye, this.#connection.close().catch(ignore)])
    }
    try {
      this.#connection.destroy()
    } catch (error) {
      ignore(error)
    }
  }

  async #read(channel: string, after: string, options: SinceOptions): Promise<RedisPage> {
    this.#checkOpen()
    const page = await this.#reader.read(this.#keysOf(channel), this.#shared(), after, options)
    if (page === undefined) throw closed()
    return page
  }

  #leave(topic: string, followed: FollowedChannel, follower: LogFollower): void {
    followed.remove(follower)
    if (!followed.isEmpty || this.#followed.get(topic) !== followed) return
    followed.close(closed())
    this.#followed.delete(topic)
    this.#subscriber.remove(topic)
    if (this.#followed.size === 0) this.#inUse.stop()
  }

  #keepInUse(): void {
    for (const followed of this.#followed.values()) void followed.catchUp()
    this.#inUse.start(Math.max(1, Math.floor(this.#idleMs / 4)))
  }

  /** A cluster hashes what is between the braces, which is never empty. */
  #keysOf(channel: string): [stream: string, meta: string] {
    // Redis takes UTF-8, in which half of a surrogate pair is as good as any other.
    const name = channel.isWellFormed() ? channel : JSON.stringify(channel)
    const start = `${this.#prefix}{channel:${name}}:`
    return [`${start}events`, `${start}meta`]
  }

  #topicOf(channel: string): string {
    return this.#connection.keyPrefix + this.#keysOf(channel)[0]
  }

  #shared(): string[] {
    return [`${this.#idleMs}`, this.#sender.slice(0, 6), this.#sender]
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }
}

const closed = () => new SseError('ERR_SSE_CLOSED', 'The log is closed')
