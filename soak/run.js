// A soak: thousands of clients that come, stall, leave and resume, for as long as it is told; then a verdict.

import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { soak } from './soak.js'
import { judge } from './verdict.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    readings: { type: 'string' },
  },
})

const MIB = 1_048_576
const mib = (bytes) => (bytes / MIB).toFixed(1)

const outcome = await soak({
  minutes: Number(values.minutes),
  clients: Number(values.clients),
  seed: Number(values.seed),
  onReading: ({ seconds, server, clients }) =>
    console.log(
      `${String(Math.round(seconds)).padStart(5)} s  streams ${server.stats.open}, heap ${mib(server.heap)} MiB, ` +
        `RSS ${mib(server.rss)} MiB, handles ${server.handles}, events ${clients.totals.events}, ` +
        `resumed ${clients.totals.resumed}, wrong ${clients.wrong.length}`,
    ),
})
if (values.readings !== undefined) await writeFile(values.readings, JSON.stringify(outcome))

const { checks, isPassed } = judge(outcome)
console.table(checks)
console.log('what the clients did', outcome.clients.totals)
console.log('why streams closed', outcome.end.stats.closed)
for (const line of [...outcome.clients.wrong, ...outcome.end.problems]) console.log(line)
console.log(isPassed ? 'The soak has passed.' : 'The soak has FAILED.')
process.exitCode = isPassed ? 0 : 1
