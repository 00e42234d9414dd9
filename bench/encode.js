// The wire text of one event: ours, eventsource-encoder, and a bare template as the floor.

import { encode } from 'eventsource-encoder'
import { encodeEvent } from 'eventwire'
import { bars } from './runner/charts.js'
import { ratio } from './runner/figures.js'
import { compare } from './runner/rounds.js'

const PEER = 'eventsource-encoder'

/** What is written, and how many times as fast as the peer. */
const EVENTS = {
  'short text': { event: { data: 'x'.repeat(120) }, faster: 2 },
  'name, id and short text': { event: { event: 'price', id: '17', data: 'x'.repeat(120) } },
  '4 lines': { event: { data: 'line one\nline two\nline three\nline four' }, faster: 2 },
  '20 KB': { event: { data: 'z'.repeat(20_000) }, faster: 5 },
}

/** Nanoseconds of CPU for one event. */
function timed(write, event) {
  const times = event.data.length > 1_000 ? 20_000 : 300_000
  let length = 0
  const started = process.cpuUsage()
  for (let i = 0; i < times; i++) length += write(event).length
  const { user, system } = process.cpuUsage(started)
  if (length === 0) throw new Error('Nothing was written')
  return ((user + system) * 1_000) / times
}

const bare = ({ data }) => `data: ${data}\n\n`

export async function* tables() {
  for (const [title, { event, faster }] of Object.entries(EVENTS)) {
    const rows = await compare(
      {
        [PEER]: () => timed(encode, event),
        eventwire: () => timed(encodeEvent, event),
        'bare template, which checks nothing': () => timed(bare, event),
      },
      { rounds: 9, unit: 'ns' },
    )
    yield {
      key: title,
      title,
      rows,
      goals: faster && [{ work: `encode ${title}`, row: 'eventwire', over: PEER, faster }],
    }
  }
}

export const charts = (tables) => ({
  encode: bars(
    tables.flatMap((table) =>
      [PEER, 'eventwire'].map((name) => ({
        panel: table.title,
        name,
        value: ratio(table, name, PEER),
      })),
    ),
    `time for one event, as a multiple of ${PEER}'s`,
  ),
})
