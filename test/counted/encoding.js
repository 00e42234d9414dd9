// Encoding, to be counted: eventsource-encoder and encodeEvent, for each kind of event.

import { encode } from 'eventsource-encoder'
import { encodeEvent } from 'eventwire'
import { run } from './sections.js'

const EVENTS = [
  [{ data: 'x'.repeat(120) }, 10_000],
  [{ data: 'line one\nline two\nline three\nline four' }, 10_000],
  [{ data: 'z'.repeat(20_000) }, 200],
]

function repeat(write, event, times) {
  let length = 0
  for (let i = 0; i < times; i++) length += write(event).length
  if (length === 0) throw new Error('Nothing was written')
}

await run(
  EVENTS.flatMap(([event, times]) =>
    [encode, encodeEvent].map((write) => () => repeat(write, event, times)),
  ),
)
