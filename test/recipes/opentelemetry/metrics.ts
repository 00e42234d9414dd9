// What the streams and channels of this process do, as metrics of OpenTelemetry.

import { subscribe } from 'node:diagnostics_channel'
import type { Meter } from '@opentelemetry/api'
import { type DiagnosticsMessages, type SseStream, streamStats } from 'eventwire'

/** Call it once, with a meter such as `metrics.getMeter('eventwire')`. */
export function recordStreamMetrics(meter: Meter): void {
  // Read from `streamStats()` at each collection.
  const open = meter.createObservableUpDownCounter('sse.streams.open', { unit: '{stream}' })
  const closed = meter.createObservableCounter('sse.streams.closed', { unit: '{stream}' })
  const sent = meter.createObservableCounter('sse.events.sent', { unit: '{event}' })
  const dropped = meter.createObservableCounter('sse.events.dropped', { unit: '{event}' })
  const replayed = meter.createObservableCounter('sse.events.replayed', { unit: '{event}' })
  const gaps = meter.createObservableCounter('sse.gaps', { unit: '{gap}' })
  const bytes = meter.createObservableCounter('sse.bytes.sent', { unit: 'By' })
  const buffered = meter.createObservableUpDownCounter('sse.bytes.buffered', { unit: 'By' })
  meter.addBatchObservableCallback(
    (result) => {
      const stats = streamStats()
      result.observe(open, stats.open)
      for (const [reason, count] of Object.entries(stats.closed)) {
        result.observe(closed, count, { reason })
      }
      result.observe(sent, stats.eventsSent)
      result.observe(dropped, stats.dropped)
      result.observe(replayed, stats.replayed)
      result.observe(gaps, stats.gaps)
      result.observe(bytes, stats.bytesSent)
      result.observe(buffered, stats.bufferedBytes)
    },
    [open, closed, sent, dropped, replayed, gaps, bytes, buffered],
  )

  // What no counter of the process can tell comes from the diagnostics channels.
  const duration = meter.createHistogram('sse.stream.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [1, 10, 60, 600, 3_600, 21_600] },
  })
  const published = meter.createCounter('sse.events.published', { unit: '{event}' })
  const errors = meter.createCounter('sse.channel.errors', { unit: '{error}' })
  const openedAtMs = new WeakMap<SseStream, number>()
  on('eventwire:stream:open', ({ stream }) => openedAtMs.set(stream, performance.now()))
  on('eventwire:stream:close', ({ stream, reason }) => {
    const sinceMs = openedAtMs.get(stream)
    // One that was open before this was called has no beginning.
    if (sinceMs !== undefined) duration.record((performance.now() - sinceMs) / 1_000, { reason })
  })
  on('eventwire:channel:publish', ({ channel }) => published.add(1, { channel }))
  on('eventwire:channel:error', ({ channel, stage }) => errors.add(1, { channel, stage }))
}

function on<Name extends keyof DiagnosticsMessages>(
  name: Name,
  listener: (message: DiagnosticsMessages[Name]) => void,
): void {
  subscribe(name, (message) => listener(message as DiagnosticsMessages[Name]))
}
