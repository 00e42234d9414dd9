// A published event and what is made of it once, for however many subscribers.

import type { EncodedEvent } from './chunk.js'
import type { SendingOptions } from './contract.js'
import { checkFields, encodeData, encodeEvent, type SseEvent } from './event.js'
import type { LogRecord, NewRecord } from './log.js'
import { object, wrongType } from './misuse.js'
import { byteLength } from './utf8.js'

/**
 * Gives the record of an event, less the id, which is the log's to give.
 *
 * @throws {TypeError | RangeError} when it is not an event that the format and the contract can carry, or has an id of
 * its own.
 * @throws {SseError} `ERR_SSE_INVALID` when it is to be checked, and its data is not what the contract says.
 */
export function recordOf(event: SseEvent, options: SendingOptions): NewRecord {
  const { id, event: name, data, retry, comment } = object('the event', event)
  if (id !== undefined) throw wrongType('`id`', 'absent, for the log gives it', id)
  if (name === undefined && data === undefined && retry === undefined && comment === undefined) {
    throw wrongType('the event', 'one with event, data, retry or comment', event)
  }
  checkFields(event)
  const sent = options.events?.outgoing(event, options) ?? event
  // Under a contract, a string may be written as JSON, too.
  const isSerialized = data !== undefined && (typeof data !== 'string' || sent !== event)
  const text = sent.data === undefined ? undefined : encodeData(sent.data, options.serialize)
  const record = { event: name, data: text, retry, comment }
  // Throws for what cannot be sent.
  encodeEvent(record)
  return { ...record, isSerialized }
}

/** A record of a log, as subscribers need it. */
export class Publication {
  readonly #record: LogRecord
  readonly #deserialize: (text: string) => unknown
  /** Keys of one channel are not those of another, nor of what a stream is sent otherwise. */
  readonly #keys: string
  #numbered: EncodedEvent | undefined
  #plain: EncodedEvent | undefined
  #event: SseEvent | undefined

  /** @param keys - what to put before its `conflate` key in a backlog */
  constructor(record: LogRecord, deserialize: (text: string) => unknown, keys: string) {
    this.#record = record
    this.#deserialize = deserialize
    this.#keys = keys
  }

  /** Its wire text with the log's id. */
  get numbered(): EncodedEvent {
    if (this.#numbered === undefined) {
      const { conflate, id } = this.#record
      const inPlace =
        conflate === undefined ? undefined : { text: this.plain.text, mark: encodeEvent({ id }) }
      const key = conflate === undefined ? undefined : `${this.#keys}#${conflate}`
      this.#numbered = encoded({ ...fieldsOf(this.#record), id }, key, inPlace)
    }
    return this.#numbered
  }

  /** Its wire text without an id. */
  get plain(): EncodedEvent {
    if (this.#plain === undefined) {
      const { conflate } = this.#record
      const key = conflate === undefined ? undefined : `${this.#keys}${conflate}`
      this.#plain = encoded(fieldsOf(this.#record), key)
    }
    return this.#plain
  }

  /**
   * The event as filters see it: its data is what was read back from the text, in whichever process, so
   * that a filter answers the same for a live event and for a replayed one.
   */
  get event(): SseEvent {
    if (this.#event === undefined) {
      const { data, isSerialized, id } = this.#record
      const decoded = isSerialized ? this.#deserialize(data as string) : data
      this.#event = { ...fieldsOf(this.#record), data: decoded, id }
    }
    return this.#event
  }
}

function fieldsOf({ event, data, retry, comment }: LogRecord): SseEvent {
  return { event, data, retry, comment }
}

function encoded(
  event: SseEvent,
  conflate: string | undefined,
  inPlace?: EncodedEvent['inPlace'],
): EncodedEvent {
  const text = encodeEvent(event)
  return { text, bytes: byteLength(text), conflate, isNumbered: event.id !== undefined, inPlace }
}
