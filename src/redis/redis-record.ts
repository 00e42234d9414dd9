// A record as the text that Redis keeps and sends.

import type { LogRecord, NewRecord } from '../log.js'

export function textOf({
  event,
  data,
  isSerialized,
  retry,
  comment,
  topic,
  conflate,
}: NewRecord): string {
  return JSON.stringify({ event, data, isSerialized, retry, comment, topic, conflate })
}

/** What cannot be read has been put there by another: a record without fields, which the channel reports and leaves out. */
export function recordOf(id: string, text: string): LogRecord {
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch {
    fields = undefined
  }
  const record = typeof fields === 'object' && fields !== null ? fields : {}
  return Object.freeze(Object.assign(record, { id }))
}
