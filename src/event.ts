// One event and its wire text. Nothing else in the package writes wire text.

import { integer, known, optional, outOfRange, wrongType } from './misuse.js'

/**
 * What travels: the fields of one event, by the names that the standard gives them.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 */
export interface SseEvent<Name extends string = string, Data = unknown> {
  /** The event's name, one line. Absent: the client dispatches it as `message`. */
  event?: Name | undefined
  /**
   * What the event carries. A string is sent verbatim (line breaks arrive as LF, an unpaired
   * surrogate as U+FFFD, as everywhere that UTF-8 is written); anything else is sent as JSON.
   */
  data?: Data | undefined
  /** What the client sends back as `Last-Event-ID` when it reconnects: one line without NUL. */
  id?: string | number | undefined
  /** How long the client is to wait before it reconnects, in milliseconds: an integer >= 0. */
  retry?: number | undefined
  /** Text that the client ignores. */
  comment?: string | undefined
}

/** Turns data that is no string into text. */
export type Serialize = (data: unknown) => string

/**
 * Gives the wire text of one event: comments first, then event, id, retry and data, then the blank
 * line that ends it.
 *
 * An event with a name and no data gets empty data: without any, the client would drop it.
 *
 * @param serialize - turns data that is no string into text
 * @defaultValue serialize: `JSON.stringify`
 * @throws {TypeError} when the event has no field at all, or has something else in the place of its name or its data, when a
 * field has the wrong type, or when it holds what the format cannot carry: a line break or half a surrogate pair in `event` or `id`, a NUL in `id`.
 * @throws {RangeError} when `retry` is no safe integer >= 0, or `id` no finite number.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream}
 */
export function encodeEvent(event: SseEvent, serialize?: Serialize): string {
  const { event: name, data, id, retry, comment } = (event ?? {}) as SseEvent
  let text = ''
  if (comment !== undefined) text = lines(': ', optional('`comment`', comment, 'string'))
  if (name !== undefined) text += `event: ${oneLine('`event`', name)}\n`
  if (id !== undefined) text += `id: ${encodeId(id)}\n`
  if (retry !== undefined) {
    text += `retry: ${integer('`retry`', retry, 0)}\n`
  }
  if (data !== undefined) text += lines('data: ', encodeData(data, serialize))
  else if (name !== undefined) text += 'data: \n'
  if (text === '') {
    throw wrongType('the event', 'an object with event, data, id, retry or comment', event)
  }
  checkFields(event)
  return `${text}\n`
}

const FIELDS = ['event', 'data', 'id', 'retry', 'comment']

/**
 * Refuses what else an event has, where it has no name or no data: a `type` or a `payload` was meant for that. One that has
 * both may have more, as a row of a table does.
 *
 * @throws {TypeError} when it has.
 */
export function checkFields(event: SseEvent): void {
  if (event.event !== undefined && event.data !== undefined) return
  for (const name in event) {
    // One by one, which is twice as fast as a look into the list.
    if (name === 'data' || name === 'id' || name === 'event') continue
    if (name !== 'retry' && name !== 'comment') known(event, FIELDS, 'the event')
  }
}

const LINE_BREAK = /[\r\n]/

// [spec] If the field value does not contain U+0000 NULL, then set the last event ID buffer to
// [spec] the field value. Otherwise, ignore the field.
// A client drops such an id in silence and later resumes from the wrong place.
const NOT_IN_ID = /[\0\r\n]/

function encodeId(id: string | number): string {
  if (typeof id !== 'number') return oneLine('`id`', id, true)
  if (!Number.isFinite(id)) throw outOfRange('`id`', 'a finite number', id)
  return `${id}`
}

/**
 * Gives data as the text that is sent.
 *
 * @throws {TypeError} when `serialize` makes no text of it, or it is a promise.
 */
export function encodeData(data: unknown, serialize?: Serialize): string {
  return typeof data === 'string' ? data : serialized(data, serialize)
}

/**
 * Gives data, a string too, as `serialize` writes it.
 *
 * @throws {TypeError} when that is no function, when it makes no text of it, or the data is a promise.
 */
export function serialized(data: unknown, serialize: Serialize = JSON.stringify): string {
  const text = (optional('`serialize`', serialize, 'function') as Serialize)(data)
  // JSON has `{}` for a promise: an `await` was forgotten.
  if (typeof text === 'string' && !(data instanceof Promise)) return text
  throw wrongType('`data`', 'a string or what `serialize` makes one of', data)
}

/** Refuses what would end the line early and let the rest pass for fields, or for whole events. */
function oneLine(name: string, value: string, isId?: boolean): string {
  if (typeof value !== 'string') {
    throw wrongType(name, `a string${isId ? ' or a number' : ''}`, value)
  }
  const forbidden = isId ? NOT_IN_ID : LINE_BREAK
  if (forbidden.test(value)) throw wrongType(name, `one line${isId ? ' without NUL' : ''}`, value)
  // Half a surrogate pair has no UTF-8: the client would see, and send back, another text.
  if (!value.isWellFormed()) throw wrongType(name, 'well-formed Unicode', value)
  return value
}

// [spec] Lines must be separated by either a CRLF pair, a single LF or a single CR.
// Each of the three in a value therefore starts a new field line. A trailing one gives an empty
// last line, so that the client puts it back.
function lines(prefix: string, value: string): string {
  // Searches for a character are many times cheaper than one scan by regular expression, and pieces of a
  // text cheaper than a replacement.
  let rest = value.includes('\r') ? value.replace(/\r\n?/g, '\n') : value
  let text = prefix
  let next = rest.indexOf('\n') + 1
  while (next) {
    text += rest.slice(0, next) + prefix
    rest = rest.slice(next)
    next = rest.indexOf('\n') + 1
  }
  return `${text}${rest}\n`
}
