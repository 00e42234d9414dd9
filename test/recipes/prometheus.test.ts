// The recipe for Prometheus counts what streams and channels did.

import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { collectStreamMetrics } from './prometheus/metrics.js'
import { doOneOfEach } from './watched.js'

/** The values of all samples, by their name and labels. */
async function samplesOf(register: Registry): Promise<Map<string, number>> {
  const lines = (await register.metrics()).split('\n').filter((line) => /^sse_/.test(line))
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.split(/ (?=\S+$)/)
      return [name, Number(value)]
    }),
  )
}

test('the recipe for Prometheus shows what streams and channels did', async () => {
  const register = new Registry()
  collectStreamMetrics(register)
  const before = await samplesOf(register)
  const close = await doOneOfEach()
  const after = await samplesOf(register)
  const grown = Object.fromEntries(
    [...after]
      .map(([name, value]): [string, number] => [name, value - (before.get(name) ?? 0)])
      .filter(([name, growth]) => growth > 0 && !/_bucket|_sum/.test(name)),
  )
  expect(grown).toEqual({
    sse_open: 1,
    sse_buffered_bytes: 'data: 12\n\n'.length,
    sse_opened_total: 4,
    sse_events_sent_total: 5,
    sse_bytes_sent_total: expect.any(Number),
    sse_dropped_total: 1,
    sse_gaps_total: 1,
    'sse_closed_total{reason="client"}': 2,
    'sse_closed_total{reason="error"}': 1,
    'sse_stream_seconds_count{reason="client"}': 2,
    'sse_stream_seconds_count{reason="error"}': 1,
    'sse_published_total{channel="news"}': 1,
    'sse_channel_errors_total{channel="news",stage="publish"}': 1,
  })
  expect(await register.metrics()).toContain('# TYPE sse_open gauge')
  expect(await register.metrics()).toContain('# TYPE sse_closed_total counter')
  close()
  expect((await samplesOf(register)).get('sse_open')).toBe(before.get('sse_open'))
})
