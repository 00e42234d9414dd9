// Whatever is done to a stream, in any order: what its client gets, how it ends, and that nothing waits for good.

import { once } from 'node:events'
import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStream } from '../../src/adapters/node.js'
import { SseStream, type SseStreamOptions, streamStats } from '../../src/index.js'
import { turn } from '../fake-sink.js'
import { patience, runs } from './runs.js'
import { commandsFor, conclude, type Line, StreamModel, Work } from './stream-program.js'

const decoder = () => new TextDecoder('utf-8', { ignoreBOM: true })

/** A Writable that takes what it is given when the test says so. */
class Valve extends Writable {
  isStalled = false
  readonly #decoder = decoder()
  #text = ''
  #pending: (() => void) | undefined

  get text(): string {
    return this.#text
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#when(() => {
      this.#text += this.#decoder.decode(chunk, { stream: true })
      done()
    })
  }

  override _final(done: () => void): void {
    this.#when(done)
  }

  /** Lets through what waits: one chunk, if it is stalled still. */
  take(): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.()
  }

  #when(task: () => void): void {
    if (this.isStalled) this.#pending = task
    else task()
  }
}

function lineOverWritable(options: SseStreamOptions): Line {
  const valve = new Valve({ highWaterMark: 100, decodeStrings: true })
  return {
    stream: new SseStream(valve, options),
    isPrompt: true,
    slackBytes: 0,
    received: () => valve.text,
    stall: () => {
      valve.isStalled = true
    },
    sip: async () => valve.take(),
    read: () => {
      valve.isStalled = false
      valve.take()
    },
    leave: () => valve.destroy(),
    turn,
    finished: async () => {
      if (!valve.writableFinished) await once(valve, 'finish')
    },
  }
}

let server: Server
const opened: ((options: SseStreamOptions) => SseStream)[] = []

async function lineOverHttp(options: SseStreamOptions): Promise<Line> {
  const { port } = server.address() as AddressInfo
  const request = get({ port, host: '127.0.0.1', agent: false })
  // It may leave while it is connected: that is no error of this test.
  request.on('error', () => {})
  await expect.poll(() => opened.length, { interval: 1 }).toBe(1)
  const stream = opened.pop()?.(options) as SseStream
  const [response] = await once(request, 'response')
  const utf8 = decoder()
  let text = ''
  let hasEnded = false
  response.on('data', (chunk: Uint8Array) => {
    text += utf8.decode(chunk, { stream: true })
  })
  response
    .on('error', () => {})
    .on('end', () => {
      hasEnded = true
    })
  return {
    stream,
    isPrompt: false,
    slackBytes: 262_144,
    received: () => text,
    stall: () => response.pause(),
    sip: async () => {
      if (!response.isPaused()) return
      response.resume()
      await turn()
      response.pause()
    },
    read: () => response.resume(),
    leave: () => request.destroy(),
    turn,
    finished: async () => {
      if (!hasEnded) await once(response, 'end')
    },
  }
}

const POLICIES = fc.constantFrom('close', 'drop-oldest', 'drop-newest')

beforeAll(async () => {
  server = createServer((req, res) => opened.push((options) => openStream(req, res, options)))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

describe('any program on a stream', () => {
  test.each([
    {
      over: 'a Writable',
      openLine: lineOverWritable,
      bounds: [500, 3_000],
      most: 300,
      times: 3_000,
    },
    {
      over: 'a response',
      openLine: lineOverHttp,
      bounds: [50_000, 300_000],
      most: 3_000_000,
      times: 60,
    },
  ])(
    'over $over gives its client what was sent, ends it once, and settles all that waits',
    patience,
    async ({ openLine, bounds, most, times }) => {
      const reasons = new Set<string>()
      const before = streamStats().open
      const commands = commandsFor(most)
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...bounds),
          POLICIES,
          commands,
          async (maxBufferedBytes, overflow, program) => {
            const controller = new AbortController()
            const line = await openLine({
              maxBufferedBytes,
              overflow,
              heartbeatMs: false,
              signal: controller.signal,
            })
            const work = new Work(line, controller)
            const model = new StreamModel(maxBufferedBytes, overflow)
            try {
              await fc.asyncModelRun(() => ({ model, real: work }), program)
              await conclude(model, work)
            } finally {
              line.leave()
              line.stream.destroy()
            }
            reasons.add((await line.stream.closed).reason)
            expect(streamStats().open).toBe(before)
          },
        ),
        runs(times),
      )
      expect([...reasons].sort()).toEqual(['aborted', 'client', 'ended', 'overflow'])
    },
  )
})
