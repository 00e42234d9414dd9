// What the streams and channels of this process do, for Prometheus.

import { subscribe } from 'node:diagnostics_channel'
import { type DiagnosticsMessages, type SseStream, type StreamStats, streamStats } from 'eventwire'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Read from `streamStats()` when Prometheus asks, and only then. */
const GAUGES: Partial<Record<keyof StreamStats, string>> = {
  open: 'Streams that are open',
  bufferedBytes: 'Bytes held for clients that read too slowly',
}
const COUNTERS: Partial<Record<keyof StreamStats, string>> = {
  opened: 'Streams opened',
  eventsSent: 'Events sent, once for each stream',
  bytesSent: 'Bytes handed to connections',
  dropped: 'Events dropped for slow clients',
  replayed: 'Events sent from a history',
  gaps: 'Clients told that events are missing',
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Call it once, with the registry whose `metrics()` the application serves. */
export function collectStreamMetrics(register: Registry): void {
  const registers = [register]
  for (const [name, help] of Object.entries(GAUGES)) {
    new Gauge({
      name: `sse_${snakeCase(name)}`,
      help,
      registers,
      collect() {
        this.set(streamStats()[name as 'open'])
      },
    })
  }
  for (const [name, help] of Object.entries(COUNTERS)) {
    new Counter({
      name: `sse_${snakeCase(name)}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(streamStats()[name as 'opened'])
      },
    })
  }
  new Counter({
    name: 'sse_closed_total',
    help: 'Streams closed, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(streamStats().closed)) {
        this.inc({ reason }, count)
      }
    },
  })

  // What no counter of the process can tell comes from the diagnostics channels.
  const seconds = new Histogram({
    name: 'sse_stream_seconds',
    help: 'How long streams were open, by the reason that they closed for',
    labelNames: ['reason'],
    buckets: [1, 10, 60, 600, 3_600, 21_600],
    registers,
  })
  const published = new Counter({
    name: 'sse_published_total',
    help: 'Events published, by channel',
    labelNames: ['channel'],
    registers,
  })
  const errors = new Counter({
    name: 'sse_channel_errors_total',
    help: 'Failures of channels, by channel and stage',
    labelNames: ['channel', 'stage'],
    registers,
  })
  const openedAtMs = new WeakMap<SseStream, number>()
  on('eventwire:stream:open', ({ stream }) => openedAtMs.set(stream, performance.now()))
  on('eventwire:stream:close', ({ stream, reason }) => {
    const sinceMs = openedAtMs.get(stream)
    // One that was open before this was called has no beginning.
    if (sinceMs !== undefined) seconds.observe({ reason }, (performance.now() - sinceMs) / 1_000)
  })
  on('eventwire:channel:publish', ({ channel }) => published.inc({ channel }))
  on('eventwire:channel:error', ({ channel, stage }) => errors.inc({ channel, stage }))
}

function on<Name extends keyof DiagnosticsMessages>(
  name: Name,
  listener: (message: DiagnosticsMessages[Name]) => void,
): void {
  subscribe(name, (message) => listener(message as DiagnosticsMessages[Name]))
}
