// What waits for a slow client: bounded, in order, whole events only.

import type { EncodedEvent } from './chunk.js'
import { byteLength } from './utf8.js'

/**
 * What happens to a client for which more waits than the bound allows.
 *
 * - `'close'`: the connection is cut; the client reconnects and resumes from the last event it got.
 * - `'drop-oldest'`: the events that have waited longest make room.
 * - `'drop-newest'`: what does not fit is not taken.
 */
export type OverflowPolicy = 'close' | 'drop-oldest' | 'drop-newest'

interface Entry {
  text: string
  bytes: number
  readonly conflate: string | undefined
}

/** The events that a blocked stream holds. */
export class Backlog {
  readonly #maxBytes: number
  readonly #policy: OverflowPolicy
  #entries: Entry[] = []
  #first = 0
  #byKey: Map<string, Entry> | undefined
  #bytes = 0
  #toleratedBytes = 0
  /** What moves the client's last event id on, after the last event that waits. */
  #mark = ''

  constructor(maxBytes: number, policy: OverflowPolicy) {
    this.#maxBytes = maxBytes
    this.#policy = policy
  }

  /** The UTF-8 bytes that wait here. */
  get bytes(): number {
    return this.#bytes + byteLength(this.#mark)
  }

  /**
   * Adds an event, or puts it in the place of the one that waits under the same `conflate` key.
   *
   * One with an id of a log goes there without it, and the id follows the last event that waits: the client would
   * miss those in between if it were cut after this one.
   *
   * @param sinkBytes - what the sink still holds for the same client. Up to half of the bound it
   * counts; beyond that it is a large chunk, handed over while the client kept up, and the client
   * gets its chance to take it.
   * @param isSlow - whether the client had a turn of the event loop to take what it was given. Before
   * that nobody can tell a slow client from a large tick, and no bound applies.
   * @returns how many events were dropped, this one included; `'overflow'` when the bound is crossed
   * under the policy 'close', and the event was not taken.
   */
  add(event: EncodedEvent, sinkBytes: number, isSlow: boolean): number | 'overflow' {
    const { bytes, conflate, inPlace } = event
    let superseded = conflate === undefined ? undefined : this.#byKey?.get(conflate)
    let growth = bytes - (superseded?.bytes ?? 0)
    let dropped = 0
    const roomBytes = this.#maxBytes - Math.min(sinkBytes, this.#maxBytes / 2)
    if (!isSlow) this.#toleratedBytes += growth
    else if (this.#policy === 'close') {
      if (this.#bytes - this.#toleratedBytes + growth > roomBytes) {
        // One event that is larger than the bound all by itself is no sign of a slow client.
        if (bytes <= this.#maxBytes || this.#toleratedBytes > 0) return 'overflow'
        this.#toleratedBytes = bytes
      }
    } else {
      const isTooLarge = bytes > roomBytes
      if (isTooLarge || (this.#policy === 'drop-newest' && this.#bytes + growth > roomBytes)) {
        return 1
      }
      while (this.#bytes + growth > roomBytes) {
        if (this.#shift() !== superseded) dropped++
        else {
          superseded = undefined
          growth = bytes
        }
      }
    }
    this.#bytes += growth
    if (superseded !== undefined) {
      superseded.text = inPlace?.text ?? event.text
      superseded.bytes = bytes
      if (inPlace !== undefined) this.#mark = inPlace.mark
    } else {
      this.#push({ text: event.text, bytes, conflate })
      // An id of its own takes the client further.
      if (event.isNumbered) this.#mark = ''
    }
    return dropped
  }

  /** Takes the events that come first, whole, until they make `maxLength` characters or none is left. */
  take(maxLength: number): string {
    let text = ''
    while (text.length < maxLength) {
      const entry = this.#shift()
      if (entry === undefined) {
        text += this.#mark
        this.#mark = ''
        break
      }
      text += entry.text
    }
    return text
  }

  #push(entry: Entry): void {
    this.#entries.push(entry)
    if (entry.conflate === undefined) return
    this.#byKey ??= new Map()
    this.#byKey.set(entry.conflate, entry)
  }

  #shift(): Entry | undefined {
    const entry = this.#entries[this.#first]
    if (entry === undefined) return
    this.#first++
    // Moving the rest down now and then costs less than moving it at each shift.
    if (this.#first === this.#entries.length || this.#first > 1_024) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
    this.#bytes -= entry.bytes
    this.#toleratedBytes = Math.max(0, this.#toleratedBytes - entry.bytes)
    if (entry.conflate !== undefined) this.#byKey?.delete(entry.conflate)
    return entry
  }
}
