// What a soak must show to have passed.

const MIB = 1_048_576

const rounded = (number) => Math.round(number * 10) / 10

function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/**
 * How much something has grown, from the second quarter of the run to the last. In the first the clients come, and some
 * begin to stall.
 */
function growth(readings, what) {
  const quarter = Math.ceil(readings.length / 4)
  const early = median(readings.slice(quarter, 2 * quarter).map(what))
  return { early, growth: median(readings.slice(-quarter).map(what)) - early }
}

/** Gives each check with what was found and what is allowed, and whether all hold. */
export function judge({ readings, start, end, clients }) {
  const checks = {}
  const check = (name, found, allowed) => {
    checks[name] = { found: rounded(found), allowed: rounded(allowed), holds: found <= allowed }
  }
  const heap = growth(readings, ({ server }) => server.heap + server.arrayBuffers)
  const rss = growth(readings, ({ server }) => server.rss)
  const { closed, opened } = end.stats
  check('events missing, repeated, altered or out of order', clients.wrong.length, 0)
  check('clients that saw no event', clients.idle, 0)
  check('warnings and failures of the server', end.problems.length, 0)
  // What slow clients have waiting goes up and down with chance.
  check(
    'growth of the heap after collection, MiB',
    heap.growth / MIB,
    (heap.early * 0.1) / MIB + 16,
  )
  check('growth of RSS, MiB', rss.growth / MIB, (rss.early * 0.25) / MIB + 32)
  check(
    'most listeners for one event of one emitter',
    Math.max(...readings.map(({ server }) => server.listeners)),
    10,
  )
  check('at the end: streams open', end.stats.open, 0)
  check(
    'at the end: streams opened and not closed',
    opened - Object.values(closed).reduce((sum, count) => sum + count, 0),
    0,
  )
  check('at the end: bytes held for clients', end.stats.bufferedBytes, 0)
  check('at the end: sockets', end.sockets, 0)
  check('at the end: handles beyond those of the start', end.handles - start.handles, 0)
  check('at the end: heap beyond that of the start, MiB', (end.heap - start.heap) / MIB, 8)
  return { checks, isPassed: Object.values(checks).every(({ holds }) => holds) }
}
