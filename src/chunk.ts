// What many streams are given at once: the events of one tick, joined and encoded once for all of them.

import { encodeText } from './utf8.js'

/** One event's wire text, ready for any number of streams. */
export interface EncodedEvent {
  readonly text: string
  /** Its length in UTF-8. */
  readonly bytes: number
  /** In a backlog it replaces the waiting event of the same key. */
  readonly conflate?: string | undefined
  /** Whether it has an id of a log. */
  readonly isNumbered?: boolean | undefined
  /**
   * With both an id and a key: what goes into the place of the event that it replaces, and what is to follow the
   * last event that waits. In place it overtakes events with lower ids, of which a client that had its
   * id already could not get those that it missed.
   */
  readonly inPlace?: { readonly text: string; readonly mark: string } | undefined
}

/** A chunk that several streams are given. */
export interface SharedChunk {
  /** Its wire text. */
  readonly text: string
  /** The length of `text` in UTF-8. */
  readonly byteLength: number
  /** `text` in UTF-8, encoded once for all: MUST NOT be changed. */
  readonly encoded: Uint8Array
  /** What a sink has made of it and other sinks of its kind may use. */
  frame?: Uint8Array | undefined
}

/**
 * Some events in a row. Chunks form a tree: those who add the same event to the same chunk get the same
 * longer chunk, so that streams which see the same events share one, however they were told of them.
 */
export class Chunk implements SharedChunk {
  readonly text: string
  readonly byteLength: number
  /** How many events it joins. */
  readonly count: number
  frame: Uint8Array | undefined
  readonly #previous: Chunk | undefined
  readonly #event: EncodedEvent | undefined
  #next: Chunk | undefined
  #encoded: Uint8Array | undefined

  /** Without arguments: the empty chunk. */
  constructor(previous?: Chunk, event?: EncodedEvent) {
    this.#previous = previous
    this.#event = event
    this.text = previous && event ? previous.text + event.text : ''
    this.byteLength = previous && event ? previous.byteLength + event.bytes : 0
    this.count = previous ? previous.count + 1 : 0
  }

  /** Gives the chunk that has `event` after those of this one. */
  with(event: EncodedEvent): Chunk {
    // Only the newest is remembered: in one tick events come in one order, to whomever they come.
    if (this.#next === undefined || this.#next.#event !== event) {
      this.#next = new Chunk(this, event)
    }
    return this.#next
  }

  get encoded(): Uint8Array {
    this.#encoded ??= encodeText(this.text)
    return this.#encoded
  }

  /** Its events, one by one. */
  get events(): EncodedEvent[] {
    const events: EncodedEvent[] = []
    for (let chunk: Chunk | undefined = this; chunk !== undefined; chunk = chunk.#previous) {
      if (chunk.#event !== undefined) events.push(chunk.#event)
    }
    return events.reverse()
  }
}
