// Workers: a timer set while one request is answered is gone with it, and of no use to another.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FakeSink } from './fake-sink.js'

interface RequestTimer {
  request: string
  task: () => void
  delayMs: number
}

let request = ''
let timers: RequestTimer[] = []

let SseStream: typeof import('../src/index.js').SseStream

beforeEach(async () => {
  timers = []
  vi.stubGlobal('WebSocketPair', class {})
  // The module asks once what it runs in.
  vi.resetModules()
  SseStream = (await import('../src/index.js')).SseStream
  vi.stubGlobal('setImmediate', undefined)
  vi.stubGlobal('setTimeout', (task: () => void, delayMs = 0) => {
    const timer = { request, task, delayMs }
    timers.push(timer)
    return timer
  })
  vi.stubGlobal('clearTimeout', (timer: RequestTimer | undefined) => {
    timers = timers.filter((other) => other !== timer)
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

/** Has those timers of a request ring that wait for so long. */
function ringTimers(of: string, delayMs: number) {
  const due = timers.filter((timer) => timer.request === of && timer.delayMs === delayMs)
  timers = timers.filter((timer) => !due.includes(timer))
  request = of
  for (const { task } of due) task()
  request = ''
}

/** The runtime drops a request and what belongs to it, and tells nobody. */
function drop(gone: string) {
  timers = timers.filter((timer) => timer.request !== gone)
}

function open(of: string, options = {}) {
  const sink = new FakeSink()
  request = of
  const stream = new SseStream(sink, { heartbeatMs: 1_000, stallTimeoutMs: false, ...options })
  request = ''
  return { sink, stream }
}

describe('where timers belong to requests', () => {
  test('each stream has its heartbeats from its own, whatever becomes of the others', async () => {
    const gone = open('1')
    const staying = open('2')
    drop('1')
    for (let beats = 1; beats <= 3; beats++) {
      const before = performance.now()
      vi.spyOn(performance, 'now').mockReturnValue(before + 1_000)
      ringTimers('2', 1_000)
      await Promise.resolve()
      expect(staying.sink.text).toBe(': \n\n'.repeat(beats))
    }
    vi.restoreAllMocks()
    expect(gone.sink.text).toBe('')
    staying.stream.destroy()
    expect(timers.filter(({ delayMs }) => delayMs === 1_000)).toEqual([])
  })

  test('a slow client is found out, though the request that began to count turns is gone', async () => {
    const { stream: gone } = open('1')
    request = '1'
    gone.send({ data: 'x' })
    await Promise.resolve()
    drop('1')
    const { sink, stream } = open('2', { maxBufferedBytes: 1_000 })
    request = '2'
    sink.isSlow = true
    stream.send({ data: 'x' })
    await Promise.resolve()
    for (let turns = 0; turns < 2; turns++) ringTimers('2', 0)
    stream.send({ data: 'x'.repeat(600) })
    expect(stream.state).toBe('open')
    stream.send({ data: 'x'.repeat(600) })
    expect(stream.state).toBe('closed')
    expect(await stream.closed).toEqual({ reason: 'overflow' })
  })
})
