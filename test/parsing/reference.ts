// A second reading of the standard: slow, of a whole text at once, and of no shared code.

export interface Read {
  events: { event: string; data: string; id: string }[]
  lastEventId: string
  retryMs: number | undefined
  comments: string[]
}

/** Interprets a decoded text from beginning to end. */
export function interpret(text: string): Read {
  const read: Read = { events: [], lastEventId: '', retryMs: undefined, comments: [] }
  const lines = text.split(/\r\n|\r|\n/)
  // What follows the last line end is a line that has not ended.
  lines.pop()
  let [event, data, id] = ['', '', '']
  for (const line of lines) {
    if (line === '') {
      read.lastEventId = id
      if (data !== '') read.events.push({ event: event || 'message', data: data.slice(0, -1), id })
      event = ''
      data = ''
      continue
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (line.startsWith(':')) read.comments.push(value)
    else if (field === 'event') event = value
    else if (field === 'data') data += `${value}\n`
    else if (field === 'id' && !value.includes('\0')) id = value
    else if (field === 'retry' && /^[0-9]+$/.test(value)) read.retryMs = Number(value)
  }
  return read
}
