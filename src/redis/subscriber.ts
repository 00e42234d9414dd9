// The one connection by which a node hears of what is published, for all its channels.

import { Alarm, ring } from '../clock.js'
import { ignore } from '../put-away.js'
import type { Connection } from './connection.js'
import { isPassing } from './replies.js'

/** Whom a subscriber tells. */
export interface SubscriberListener {
  onMessage(topic: string, text: string): void
  /** From now on messages of this topic are heard; before, some may have been missed. Each time anew. */
  onSubscribed(topic: string): void
  /** Redis will not have it. */
  onRefused(topic: string, error: unknown): void
}

/** How often the connection is tried, and how long a message of our own may take to come back. */
const ECHO_MS = 5_000
/** After a failure that no new connection follows. */
const RETRY_MS = 1_000
/** How many topics one command names: a client passes them as arguments, of which a call takes no more than so many. */
const MAX_TOPICS = 1_000

/** Listens to as many topics as it is told to, on a connection that it opens, renews and closes. */
export class Subscriber {
  readonly #main: Connection
  readonly #listener: SubscriberListener
  /** A topic of its own: what is published there has to come back. */
  readonly #echo: string
  readonly #wanted = new Set<string>()
  /** Not yet subscribed to on this connection. */
  #missing = new Set<string>()
  /** Subscribed to, and not wanted any more. */
  #surplus = new Set<string>()
  #connection: Connection | undefined
  #unwatch: () => void = ignore
  /** Counts the times that the connection stood: what was asked for before has to be asked for again. */
  #epoch = 0
  #isAdjusting = false
  /** One at a time, once Redis has refused several: it says not which. */
  #isOneByOne = false
  /** `'sent'`: not known to have left; `'due'`: it has, and is to come back. */
  #echoState: 'heard' | 'sent' | 'due' = 'heard'
  readonly #echoAlarm = new Alarm({ [ring]: () => void this.#checkEcho() })
  readonly #retry = new Alarm({ [ring]: () => void this.#adjust() })

  /** @param main - the connection for all else; this one is made like it */
  constructor(main: Connection, echo: string, listener: SubscriberListener) {
    this.#main = main
    this.#echo = echo
    this.#listener = listener
  }

  /** Begins to listen to a topic. */
  add(topic: string): void {
    this.#wanted.add(topic)
    if (!this.#surplus.delete(topic)) this.#missing.add(topic)
    // It has not been left yet, so nothing was missed.
    else this.#listener.onSubscribed(topic)
    if (this.#connection === undefined) this.#open()
    else void this.#adjust()
  }

  remove(topic: string): void {
    this.#wanted.delete(topic)
    if (!this.#missing.delete(topic)) this.#surplus.add(topic)
    void this.#adjust()
  }

  close(): void {
    this.#retry.stop()
    this.#echoAlarm.stop()
    this.#wanted.clear()
    this.#drop()
  }

  #open(): void {
    const connection = this.#main.duplicate()
    this.#connection = connection
    this.#wanted.add(this.#echo)
    this.#echoState = 'heard'
    this.#echoAlarm.start(ECHO_MS)
    this.#unwatch = connection.watch(() => {
      if (!connection.isReady) return
      this.#epoch++
      this.#missing = new Set(this.#wanted)
      this.#surplus = new Set()
      this.#isOneByOne = false
      void this.#adjust()
    })
    connection.open()
  }

  #drop(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#epoch++
    if (connection === undefined) return
    this.#unwatch()
    // It may have errors to tell while it goes.
    connection.watch(() => {})
    void Promise.resolve()
      .then(() => connection.destroy())
      .catch(ignore)
  }

  /** Brings what is subscribed to in line with what is wanted, one step after the other. */
  async #adjust(): Promise<void> {
    if (this.#isAdjusting) return
    this.#isAdjusting = true
    let topics: string[] = []
    try {
      for (;;) {
        const connection = this.#connection
        if (!connection?.isReady) break
        if (this.#surplus.size > 0) {
          topics = first(this.#surplus, MAX_TOPICS)
          for (const topic of topics) this.#surplus.delete(topic)
          await connection.unsubscribe(topics, this.#onMessage)
        } else if (this.#missing.size > 0) {
          topics = first(this.#missing, this.#isOneByOne ? 1 : MAX_TOPICS)
          const epoch = this.#epoch
          await connection.subscribe(topics, this.#onMessage)
          if (epoch === this.#epoch) this.#onSubscribed(topics)
        } else break
      }
      this.#isOneByOne = false
    } catch (error) {
      if (!isPassing(error)) this.#onRefused(topics, error)
      this.#retry.start(RETRY_MS)
    }
    this.#isAdjusting = false
  }

  #onRefused(topics: readonly string[], error: unknown): void {
    const [topic] = topics
    if (topics.length > 1) this.#isOneByOne = true
    else if (topic !== undefined) {
      // The others first.
      if (this.#missing.delete(topic)) this.#missing.add(topic)
      this.#listener.onRefused(topic, error)
    }
  }

  #onSubscribed(topics: readonly string[]): void {
    for (const topic of topics) {
      // It may not be wanted any more.
      if (this.#missing.delete(topic)) {
        if (topic !== this.#echo) this.#listener.onSubscribed(topic)
      } else this.#surplus.add(topic)
    }
  }

  readonly #onMessage = (text: unknown, topic: unknown): void => {
    if (topic === this.#echo) this.#echoState = 'heard'
    else this.#listener.onMessage(String(topic), String(text))
  }

  /**
   * A connection may be dead and not know it, or its client may have given up: then it is replaced. If the other one does not
   * work either, that tells nothing.
   */
  async #checkEcho(): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    if (this.#echoState === 'due') {
      this.#drop()
      this.#open()
      return
    }
    this.#echoAlarm.start(ECHO_MS)
    if (!connection.tellsOfReconnect) {
      for (const topic of this.#wanted) this.#listener.onSubscribed(topic)
    }
    if (this.#echoState === 'sent' || !this.#main.isReady) return
    this.#echoState = 'sent'
    try {
      await this.#main.publish(this.#echo, '')
      if (this.#echoState === 'sent') this.#echoState = 'due'
    } catch {
      this.#echoState = 'heard'
    }
  }
}

function first(topics: Iterable<string>, count: number): string[] {
  const some: string[] = []
  for (const topic of topics) {
    if (some.push(topic) === count) break
  }
  return some
}
