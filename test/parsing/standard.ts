// The standard read a second time: by its grammar, of a whole text at once, slowly, and with no code shared.

export interface Read {
  events: { event: string; data: string; id: string }[]
  lastEventId: string
  retryMs: number | undefined
  comments: string[]
}

// [spec] end-of-line   = ( cr lf / cr / lf )
// A pair is never two line ends: the expression is not to try that.
const endOfLine = '(?:\\r\\n|\\r(?!\\n)|\\n)'
// [spec] comment       = colon *any-char end-of-line
const comment = `:[^\\r\\n]*${endOfLine}`
// [spec] field         = 1*name-char [ colon [ space ] *any-char ] end-of-line
const field = `[^\\r\\n:]+(?:: ?[^\\r\\n]*)?${endOfLine}`
// [spec] event         = *( comment / field ) end-of-line
const event = `(?<lines>(?:${comment}|${field})*)${endOfLine}`

/** Reads a whole text as the standard's grammar and its interpretation of an event stream say. */
export function readText(text: string): Read {
  const read: Read = { events: [], lastEventId: '', retryMs: undefined, comments: [] }
  let id: string | undefined
  let end = 0
  for (const block of text.matchAll(new RegExp(event, 'gy'))) {
    const fields = fieldsOf(block.groups?.lines ?? '', read)
    end = block.index + block[0].length
    id = valuesOf(fields, 'id').findLast((value) => !value.includes('\0')) ?? id
    // [spec] Set the last event ID string of the event source to the value of the last event ID buffer.
    read.lastEventId = id ?? ''
    const data = valuesOf(fields, 'data').join('\n')
    // [spec] If the data buffer is an empty string, set the data buffer and the event type buffer to the empty
    // [spec] string and return: one `data` field without a value has a line feed in the buffer.
    if (valuesOf(fields, 'data').length === 0) continue
    const type = valuesOf(fields, 'event').at(-1) || 'message'
    read.events.push({ event: type, data, id: id ?? '' })
  }
  // [spec] Once the end of the file is reached, any pending data must be discarded. What a line does by itself it has done.
  fieldsOf(text.slice(end), read)
  return read
}

/** Reads whole bytes: decoded as UTF-8, one byte order mark taken off. */
export function readBytes(bytes: Uint8Array): Read {
  return readText(new TextDecoder().decode(bytes))
}

type Field = readonly [name: string, value: string]

/** Gives the fields of complete lines; comments and the reconnection time go to `read` at once. */
function fieldsOf(lines: string, read: Read): Field[] {
  const fields: Field[] = []
  for (const [line] of lines.matchAll(new RegExp(`${comment}|${field}`, 'gy'))) {
    const [, name = '', value = ''] = /^([^:\r\n]*)(?:: ?([^\r\n]*))?/.exec(line) ?? []
    if (name === '') read.comments.push(value)
    else fields.push([name, value])
    // [spec] If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten.
    if (name === 'retry' && /^[0-9]+$/.test(value)) read.retryMs = Number(value)
  }
  return fields
}

const valuesOf = (fields: readonly Field[], name: string): string[] =>
  fields.filter(([other]) => other === name).map(([, value]) => value)
