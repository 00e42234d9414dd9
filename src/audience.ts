// Who sees which of a channel's events: subscribers that see the same ones are one audience.

import { Chunk } from './chunk.js'
import type { SseEvent } from './event.js'
import type { Outlet } from './feed.js'
import type { Publication } from './publication.js'

/** Decides on one event; it is the application's, and may throw. */
export type Filter = (event: SseEvent) => boolean

/** What a subscriber sees, and how. */
export interface Scope {
  /** Besides the events that have none. */
  readonly topics: readonly string[]
  readonly filter: Filter | undefined
  /** Whether it gets the events with their ids. */
  readonly isNumbered: boolean
}

/** A subscriber, to its audience. */
export type Member = object

/** Subscribers that see the same events. */
export class Audience {
  readonly scope: Scope
  readonly members = new Map<Member, Outlet>()
  /** The newest id that all members know. */
  lastId: string
  /** What they are due to get at the end of this tick. */
  chunk: Chunk | undefined

  constructor(scope: Scope, lastId: string) {
    this.scope = scope
    this.lastId = lastId
  }
}

/** Answers for a filter that may throw. */
export type Judge = (filter: Filter, publication: Publication) => boolean

/** Tells whether a subscriber with this scope sees an event. */
export function admits(
  { topics, filter }: Scope,
  topic: string | undefined,
  publication: Publication,
  judge: Judge,
): boolean {
  if (topic !== undefined && !topics.includes(topic)) return false
  return filter === undefined || judge(filter, publication)
}

interface Delivery {
  readonly chunk: Chunk
  /** As they were when the chunk was complete: who comes later has seen its events otherwise, or is not to. */
  readonly outlets: (Outlet | undefined)[]
  /** Those before it have got the chunk. */
  next: number
}

/**
 * A chunk of this size leaves without waiting for the end of the tick. There is no longest tick, but there is
 * a longest string.
 */
const MAX_CHUNK_BYTES = 1_048_576

/** All audiences of one channel. */
export class Audiences {
  readonly #judge: Judge
  readonly #all = new Set<Audience>()
  readonly #byTopic = new Map<string, Set<Audience>>()
  /** Those without a filter: they take in everyone of the same scope. */
  readonly #byKey = new Map<string, Audience>()
  #size = 0
  #filters = 0
  #due: Audience[] = []
  #isFlushScheduled = false
  readonly #deliveries: Delivery[] = []
  #isDelivering = false
  /** Filters are being asked about an event. */
  #isJudging = false
  /** Where the chunks of this tick begin. They are a tree, which is not to outlive the tick. */
  #numbered = new Chunk()
  #plain = new Chunk()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  /** How many members there are. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds a member, who sees what is added from now on. Before that, `flush`: what is on its way is not for it.
   *
   * @param position - the newest id; the member knows it
   */
  join(scope: Scope, member: Member, outlet: Outlet, position: string): Audience {
    // A filter brought it in, for an event that it is not to see: the audience of its kind may be about to.
    const key = this.#isJudging ? undefined : keyOf(scope)
    let audience = key === undefined ? undefined : this.#byKey.get(key)
    if (audience === undefined) {
      audience = new Audience(scope, position)
      this.#all.add(audience)
      if (scope.filter !== undefined) this.#filters++
      if (key !== undefined) this.#byKey.set(key, audience)
      for (const topic of scope.topics) {
        const concerned = this.#byTopic.get(topic)
        if (concerned) concerned.add(audience)
        else this.#byTopic.set(topic, new Set([audience]))
      }
    }
    audience.members.set(member, outlet)
    this.#size++
    return audience
  }

  leave(audience: Audience, member: Member): void {
    audience.members.delete(member)
    this.#size--
    if (audience.members.size > 0) return
    const key = keyOf(audience.scope)
    this.#all.delete(audience)
    if (audience.scope.filter !== undefined) this.#filters--
    if (key !== undefined && this.#byKey.get(key) === audience) this.#byKey.delete(key)
    for (const topic of audience.scope.topics) {
      const concerned = this.#byTopic.get(topic)
      concerned?.delete(audience)
      if (concerned?.size === 0) this.#byTopic.delete(topic)
    }
  }

  /** Adds an event to what its audiences get at the end of this tick. */
  add(publication: Publication, topic: string | undefined, id: string): void {
    const concerned = topic === undefined ? this.#all : this.#byTopic.get(topic)
    if (concerned === undefined) return
    this.#isJudging = this.#filters > 0
    let isLarge = false
    // A filter may bring in others, for which this event is not.
    for (const audience of this.#isJudging ? [...concerned] : concerned) {
      const { filter, isNumbered } = audience.scope
      if (filter !== undefined && !this.#judge(filter, publication)) continue
      if (audience.chunk === undefined) {
        audience.chunk = isNumbered ? this.#numbered : this.#plain
        this.#due.push(audience)
      }
      audience.chunk = audience.chunk.with(isNumbered ? publication.numbered : publication.plain)
      audience.lastId = id
      isLarge ||= audience.chunk.byteLength >= MAX_CHUNK_BYTES
    }
    this.#isJudging = false
    if (isLarge) this.flush()
    if (this.#isFlushScheduled || this.#due.length === 0) return
    this.#isFlushScheduled = true
    // Not by `queueMicrotask`, which Jest's fake timers hold back.
    void Promise.resolve().then(() => {
      this.#isFlushScheduled = false
      this.flush()
    })
  }

  /**
   * Delivers what is due now. From within a delivery the rest follows after that one, whose events are older: but for
   * `urgent`, which is about to be sent something else, or to end.
   */
  flush(urgent?: Outlet): void {
    for (const audience of this.#due) {
      this.#deliveries.push({
        chunk: audience.chunk as Chunk,
        outlets: [...audience.members.values()],
        next: 0,
      })
      audience.chunk = undefined
    }
    if (this.#due.length > 0) {
      this.#due = []
      this.#numbered = new Chunk()
      this.#plain = new Chunk()
    }
    if (this.#isDelivering) {
      if (urgent !== undefined) this.#deliverTo(urgent)
      return
    }
    this.#isDelivering = true
    for (let first = this.#deliveries[0]; first !== undefined; first = this.#deliveries[0]) {
      while (first.next < first.outlets.length) {
        first.outlets[first.next++]?.deliver(first.chunk)
      }
      this.#deliveries.shift()
    }
    this.#isDelivering = false
  }

  /** Gives one outlet, ahead of the others, all that it has yet to get. */
  #deliverTo(urgent: Outlet): void {
    for (const { chunk, outlets, next } of this.#deliveries) {
      const index = outlets.indexOf(urgent, next)
      if (index === -1) continue
      outlets[index] = undefined
      urgent.deliver(chunk)
    }
  }

  /** All members, as they are now. */
  members(): Member[] {
    return [...this.#all].flatMap(({ members }) => [...members.keys()])
  }
}

/** Equal for those who see the same events; `undefined` for one with a filter, who is alone. */
function keyOf({ topics, filter, isNumbered }: Scope): string | undefined {
  return filter === undefined ? JSON.stringify([isNumbered, ...topics]) : undefined
}
