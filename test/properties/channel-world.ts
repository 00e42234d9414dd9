// A channel with its visitors under a program, and what each visitor must have seen.

import { expect } from 'vitest'
import type { SseChannel } from '../../src/index.js'
import { FakeClient } from '../fake-client.js'
import { turn } from '../fake-sink.js'

/** What a channel runs on, and what can befall it. */
export interface Engine {
  readonly channel: SseChannel
  /** Publishes one event that no visitor is to see, and leaves only so many in the history. */
  evict(left: number): Promise<string>
  /** The node goes, and another takes its place, on the same history. */
  restart(): Promise<void>
  /** All history goes; where the connections go with it, it cuts them. */
  lose(cut: () => void): Promise<void>
  close(): Promise<void>
}

/** What takes longer does not come. */
const HANGS_AFTER_MS = 10_000

/** An id is opaque to all but its log; the test knows that both count by one. */
interface Place {
  readonly epoch: string
  readonly number: number
}

function placeOf(id: string): Place {
  const at = id.lastIndexOf('-')
  return { epoch: id.slice(0, at), number: Number(id.slice(at + 1)) }
}

/** One block of wire text, as a client reads it. */
interface Block {
  readonly id: string | undefined
  readonly event: string
  readonly data: string | undefined
}

function blocksOf(text: string): Block[] {
  const complete = text.slice(0, text.lastIndexOf('\n\n') + 2)
  return complete.split('\n\n').map((block) => {
    const firstOf = (field: string) =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${field}: `))
        ?.slice(field.length + 2)
    return { id: firstOf('id'), event: firstOf('event') ?? 'message', data: firstOf('data') }
  })
}

/** One client over all its connections: each may break at any byte. */
export class Visitor {
  readonly #connections: { client: FakeClient; from: string; read: () => string }[] = []
  readonly #subscribing = new Set<Promise<unknown>>()
  readonly #maxBufferedBytes: number

  constructor(maxBufferedBytes: number) {
    this.#maxBufferedBytes = maxBufferedBytes
  }

  get #current() {
    return this.#connections.at(-1)
  }

  get lastEventId(): string {
    const current = this.#current
    if (current === undefined) return ''
    return blocksOf(current.read()).findLast(({ id }) => id !== undefined)?.id ?? current.from
  }

  /** Whether no subscription of it is on its way. */
  get hasArrived(): boolean {
    return this.#subscribing.size === 0
  }

  get isThere(): boolean {
    return this.hasArrived && this.#current?.client.stream.state === 'open'
  }

  connect(channel: SseChannel): void {
    if (this.#current?.client.stream.state === 'open') return
    const from = this.lastEventId
    const client = new FakeClient(from, { maxBufferedBytes: this.#maxBufferedBytes })
    this.#connections.push({ client, from, read: () => client.sink.text })
    const subscribing = channel.subscribe(client.stream, { topics: ['mine'] })
    this.#subscribing.add(subscribing)
    void subscribing.finally(() => this.#subscribing.delete(subscribing))
  }

  /** The connection breaks, after this part of what was written. */
  leave(part: number): void {
    const current = this.#current
    if (current?.client.stream.state !== 'open') return
    current.client.sink.leave()
    const { text } = current.client.sink
    const read = text.slice(0, Math.round(text.length * part))
    current.read = () => read
  }

  stall(): void {
    if (this.#current) this.#current.client.sink.isSlow = true
  }

  take(): void {
    this.#current?.client.sink.take()
  }

  drain(): void {
    this.#current?.client.sink.drain()
  }

  /** All that it read, connection by connection. */
  get read(): { from: string; blocks: Block[] }[] {
    return this.#connections.map(({ from, read }) => ({ from, blocks: blocksOf(read()) }))
  }
}

export class World {
  readonly engine: Engine
  readonly visitors = [new Visitor(100_000_000), new Visitor(100_000_000), new Visitor(300)]
  /** What was published: data by id, for those that visitors are to see. */
  readonly #mine = new Map<string, string>()
  readonly #appending = new Set<Promise<unknown>>()
  #count = 0
  gaps = 0

  constructor(engine: Engine) {
    this.engine = engine
  }

  publish(topic: 'mine' | 'elsewhere' | undefined): Promise<string> {
    const data = `${this.#count++}`
    const appending = this.engine.channel.publish({ data }, { topic })
    return this.#remember(appending, topic === 'elsewhere' ? undefined : data)
  }

  evict(left: number): Promise<string> {
    return this.#remember(this.engine.evict(left), undefined)
  }

  async #remember(appending: Promise<string>, data: string | undefined): Promise<string> {
    this.#appending.add(appending)
    const id = await appending
    this.#appending.delete(appending)
    if (data !== undefined) this.#mine.set(id, data)
    return id
  }

  async restart(): Promise<void> {
    await Promise.all(this.#appending)
    this.#cut()
    await this.engine.restart()
  }

  async lose(): Promise<void> {
    // What is on its way would be published before or after, nobody knows; who is, would be told of the one or the other.
    await Promise.all(this.#appending)
    await this.publish('mine')
    await this.#settle((visitor) => visitor.hasArrived)
    await this.engine.lose(() => this.#cut())
  }

  #cut(): void {
    for (const visitor of this.visitors) visitor.leave(1)
  }

  /** All come back and read on, until each has seen one last event; then holds what they saw to the promise. */
  async conclude(): Promise<void> {
    const { visitors, engine } = this
    const comeBack = (visitor: Visitor) => visitor.connect(engine.channel)
    await Promise.all(this.#appending)
    // A log that has lost everything, and hears nothing new, has a newcomer wait.
    await this.publish('mine')
    await this.#settle((visitor) => visitor.isThere, comeBack)
    const last = await this.publish('mine')
    await this.#settle((visitor) => visitor.lastEventId === last, comeBack)
    for (const visitor of visitors) this.#check(visitor)
  }

  async #settle(
    isDone: (visitor: Visitor) => boolean,
    before: (visitor: Visitor) => void = () => {},
  ): Promise<void> {
    const { visitors } = this
    const sinceMs = performance.now()
    while (!visitors.every(isDone)) {
      if (performance.now() - sinceMs > HANGS_AFTER_MS) {
        throw new Error(`A visitor hangs: ${visitors.map(({ lastEventId }) => lastEventId)}`)
      }
      for (const visitor of visitors) {
        before(visitor)
        visitor.drain()
      }
      await turn()
    }
  }

  #check({ read }: Visitor): void {
    for (const { from, blocks } of read) {
      let at = from
      for (const { id, event, data } of blocks) {
        if (id === undefined) continue
        if (event === 'gap') {
          this.gaps++
          // It says from where, which may be behind events that were not for this visitor; and something is really gone.
          const { lastEventId } = JSON.parse(data as string)
          expect(this.#between(at, lastEventId).filter((id) => this.#mine.has(id))).toEqual([])
          expect(this.#between(lastEventId, id), `a gap after ${lastEventId}`).not.toEqual([])
        } else {
          if (data !== undefined) expect(data).toBe(this.#mine.get(id))
          // One that starts fresh begins anywhere.
          if (at !== '') {
            expect(placeOf(id).epoch).toBe(placeOf(at).epoch)
            // Nothing between that it was to see; nothing a second time.
            const wanted = this.#between(at, id).filter((between) => this.#mine.has(between))
            expect(wanted, `at ${id} after ${at}`).toEqual(data === undefined ? [] : [id])
          }
        }
        at = id
      }
    }
  }

  /** The ids after `one` up to and with `other`; all of another epoch are. */
  #between(one: string, other: string): string[] {
    const [from, to] = [placeOf(one), placeOf(other)]
    if (from.epoch !== to.epoch) return [other]
    return Array.from(
      { length: Math.max(0, to.number - from.number) },
      (_, i) => `${to.epoch}-${from.number + 1 + i}`,
    )
  }
}
