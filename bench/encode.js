// The wire text of one event: ours, eventsource-encoder, and a bare template as the floor.

import { encode } from 'eventsource-encoder'
import { encodeEvent } from 'eventwire'
import { compare } from './rounds.js'

const EVENTS = {
  'short text': { data: 'x'.repeat(120) },
  'name, id and short text': { event: 'price', id: '17', data: 'x'.repeat(120) },
  '4 lines': { data: 'line one\nline two\nline three\nline four' },
  '20 KB': { data: 'z'.repeat(20_000) },
}

/** Nanoseconds for one event. */
function timed(write, event) {
  const times = event.data.length > 1_000 ? 20_000 : 300_000
  let length = 0
  const started = process.hrtime.bigint()
  for (let i = 0; i < times; i++) length += write(event).length
  const ns = Number(process.hrtime.bigint() - started) / times
  if (length === 0) throw new Error('Nothing was written')
  return ns
}

const bare = ({ data }) => `data: ${data}\n\n`

export async function* tables() {
  for (const [title, event] of Object.entries(EVENTS)) {
    const rows = await compare(
      {
        'eventsource-encoder': () => timed(encode, event),
        eventwire: () => timed(encodeEvent, event),
        'bare template (checks nothing)': () => timed(bare, event),
      },
      { rounds: 11, unit: 'ns' },
    )
    yield { title, rows }
  }
}
