// The recipe for OpenTelemetry counts what streams and channels did.

import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import { recordStreamMetrics } from './opentelemetry/metrics.js'
import { doOneOfEach } from './watched.js'

/** Collects when the test says. */
class TestReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  /** Gives the values of all points, or of histograms their counts, by name and attributes. */
  async points(): Promise<Map<string, number>> {
    const { resourceMetrics, errors } = await this.collect()
    expect(errors).toEqual([])
    const points = new Map<string, number>()
    for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(
      ({ metrics }) => metrics,
    )) {
      for (const { attributes, value } of dataPoints) {
        const labels = Object.values(attributes).join(' ')
        const count = typeof value === 'number' ? value : value.count
        points.set(`${descriptor.name} ${labels}`.trim(), count)
      }
    }
    return points
  }
}

test('the recipe for OpenTelemetry shows what streams and channels did', async () => {
  const reader = new TestReader()
  const provider = new MeterProvider({ readers: [reader] })
  recordStreamMetrics(provider.getMeter('eventwire'))
  const before = await reader.points()
  const close = await doOneOfEach()
  const after = await reader.points()
  const grown = Object.fromEntries(
    [...after]
      .map(([name, value]): [string, number] => [name, value - (before.get(name) ?? 0)])
      .filter(([, growth]) => growth > 0),
  )
  expect(grown).toEqual({
    'sse.streams.open': 1,
    'sse.streams.closed client': 2,
    'sse.streams.closed error': 1,
    'sse.events.sent': 5,
    'sse.events.dropped': 1,
    'sse.gaps': 1,
    'sse.bytes.sent': expect.any(Number),
    'sse.bytes.buffered': 'data: 12\n\n'.length,
    'sse.stream.duration client': 2,
    'sse.stream.duration error': 1,
    'sse.events.published news': 1,
    'sse.channel.errors news publish': 1,
  })
  close()
  await provider.shutdown()
})
