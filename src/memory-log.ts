// The log of one process: a ring of records in memory for each channel.

import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import {
  bytesOf,
  type EventLog,
  type HistoryLimits,
  type LogFollower,
  type LogPage,
  type LogRecord,
  type NewRecord,
  type SinceOptions,
  type Unfollow,
} from './log.js'

interface Kept {
  readonly record: LogRecord
  readonly bytes: number
  readonly atMs: number
}

/** `<epoch>-<sequence>`, the sequence without leading zeros: one id has one spelling. */
const ID = /^([0-9a-z]+)-(0|[1-9]\d{0,15})$/

/** One channel's sequence and what is kept of it. */
class Sequence {
  /** Tells this sequence from that of another channel, and of this channel before a restart. */
  readonly #epoch = newEpoch()
  readonly followers = new Set<LogFollower>()
  #last = 0
  #kept: Kept[] = []
  /** Those before it in `#kept` have gone. */
  #first = 0
  #bytes = 0
  #maxAgeMs = Number.POSITIVE_INFINITY
  #undelivered: LogRecord[] = []
  #isDelivering = false

  get position(): string {
    return this.#idOf(this.#last)
  }

  append(fields: NewRecord, limits: HistoryLimits): string {
    const record = Object.freeze({ ...fields, id: this.#idOf(++this.#last) })
    const bytes = bytesOf(record)
    this.#kept.push({ record, bytes, atMs: performance.now() })
    this.#bytes += bytes
    this.#maxAgeMs = limits.maxAgeMs
    while (this.#count > limits.maxEvents || this.#bytes > limits.maxBytes) this.#shift()
    this.#evictOld()
    this.#undelivered.push(record)
    this.#deliver()
    return record.id
  }

  since(id: string, { maxRecords, maxBytes }: SinceOptions): LogPage {
    this.#evictOld()
    const [, epoch, sequence] = ID.exec(id) ?? []
    const oldest = this.#last - this.#count
    const asked = epoch === this.#epoch ? Number(sequence) : Number.NaN
    // An id from the future of this sequence is none that it has given.
    const complete = asked >= oldest && asked <= this.#last
    const from = complete ? asked : oldest
    const records: LogRecord[] = []
    let leftBytes = maxBytes
    for (let index = this.#first + from - oldest; index < this.#kept.length; index++) {
      const { record, bytes } = this.#kept[index] as Kept
      if (records.length === maxRecords || leftBytes <= 0) break
      records.push(record)
      leftBytes -= bytes
    }
    return {
      records,
      complete,
      from: this.#idOf(from),
      more: from + records.length < this.#last,
    }
  }

  get #count(): number {
    return this.#kept.length - this.#first
  }

  #idOf(sequence: number): string {
    return `${this.#epoch}-${sequence}`
  }

  #evictOld(): void {
    const oldestMs = performance.now() - this.#maxAgeMs
    while ((this.#kept[this.#first]?.atMs ?? oldestMs) < oldestMs) this.#shift()
  }

  #shift(): void {
    this.#bytes -= this.#kept[this.#first]?.bytes ?? 0
    // Moving the rest down now and then costs less than moving it at each shift; but what has gone is
    // not to be held until then.
    this.#kept[this.#first++] = GONE
    if (this.#first === this.#kept.length || this.#first >= 1_024) {
      this.#kept = this.#kept.slice(this.#first)
      this.#first = 0
    }
  }

  /** A follower may append in turn: those after it in the set would hear of that event before this one. */
  #deliver(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    try {
      for (let record = this.#undelivered.shift(); record; record = this.#undelivered.shift()) {
        for (const follower of this.followers) follower.next(record)
      }
    } finally {
      this.#isDelivering = false
    }
  }
}

const GONE = undefined as unknown as Kept

/**
 * The log of one process, and the default of a channel.
 *
 * Its ids are `<epoch>-<sequence>`. The epoch is random for each channel of each `MemoryLog`, so that after a restart
 * an id from before it is known to be foreign. What it keeps is lost with the process.
 *
 * Several channels may share one, by their names; it holds the history of each name until it is closed.
 */
export class MemoryLog implements EventLog {
  #sequences: Map<string, Sequence> | undefined = new Map()

  /** @throws {SseError} rejects with `ERR_SSE_CLOSED` once the log is closed. */
  async append(channel: string, record: NewRecord, limits: HistoryLimits): Promise<string> {
    return this.#sequence(channel).append(record, limits)
  }

  /** @throws {SseError} rejects with `ERR_SSE_CLOSED` once the log is closed. */
  async follow(channel: string, follower: LogFollower): Promise<Unfollow> {
    const sequence = this.#sequence(channel)
    follower.start(sequence.position)
    sequence.followers.add(follower)
    return async () => {
      sequence.followers.delete(follower)
    }
  }

  /** @throws {SseError} rejects with `ERR_SSE_CLOSED` once the log is closed. */
  async since(channel: string, id: string, options: SinceOptions): Promise<LogPage> {
    return this.#sequence(channel).since(id, options)
  }

  /** As of {@link EventLog}. */
  compare(one: string, other: string): number {
    return sequenceOf(one) - sequenceOf(other)
  }

  /** Lets go of all that is kept. */
  async close(): Promise<void> {
    this.#sequences = undefined
  }

  #sequence(channel: string): Sequence {
    if (this.#sequences === undefined) throw new SseError('ERR_SSE_CLOSED', 'The log is closed')
    let sequence = this.#sequences.get(channel)
    if (sequence === undefined) {
      sequence = new Sequence()
      this.#sequences.set(channel, sequence)
    }
    return sequence
  }
}

const sequenceOf = (id: string): number => Number(id.slice(id.indexOf('-') + 1))
