// What every adapter must do: run for each framework and each server that it serves.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OpenStreamOptions, RefuseOptions } from '../../src/adapters/node.js'
import { type SseStream, streamStats } from '../../src/index.js'
import { type Answer, type Ask, ask, askInVain, type Protocol } from './client.js'
import { testAnswers } from './contract/answers.js'
import { testCompression } from './contract/compression.js'
import { testRequests } from './contract/requests.js'

/** One request, in the framework's own way. */
export interface Call {
  openStream(options?: OpenStreamOptions): SseStream
  stop(): void
  refuse(options?: RefuseOptions): void
  /** Sets a header the framework's way, before the stream opens. */
  setHeader(name: string, value: string): void
  acceptsEventStream(): boolean
  lastEventIdOf(): string
}
interface Server {
  url: string
  close(): Promise<void>
}

export interface AdapterTraits {
  protocol: Protocol
  /** What was set on the response before is known to the adapter. Not where it makes the response. */
  hasResponse?: boolean
}

/** How a test asks. */
export interface Kit {
  /** Answers one request by `handler`. */
  request(handler: (call: Call) => unknown, options?: Ask): Promise<Answer>
  /** Opens one stream, seen from both ends. */
  open(options?: OpenStreamOptions, asked?: Ask): Promise<{ answer: Answer; stream: SseStream }>
  hasResponse: boolean
}

export type Serve = (handle: (call: Call) => unknown) => Promise<Server>

export function describeAdapter(
  name: string,
  { protocol, hasResponse = true }: AdapterTraits,
  serve: Serve,
): void {
  describe(name, () => {
    let server: Server
    let handle: (call: Call) => unknown = () => {}
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)

    beforeAll(async () => {
      process.on('warning', onWarning)
      server = await serve((call) => handle(call))
    })
    afterAll(async () => {
      await server.close()
      process.removeListener('warning', onWarning)
      expect(warnings).toEqual([])
    })

    function request(handler: (call: Call) => unknown, options?: Ask) {
      handle = handler
      return ask(server.url, protocol, options)
    }

    async function open(options?: OpenStreamOptions, asked?: Ask) {
      let stream: SseStream | undefined
      const answer = await request((call) => {
        stream = call.openStream(options)
      }, asked)
      return { answer, stream: stream as unknown as SseStream }
    }

    test('sends the head at once, with the headers of an event stream', async () => {
      const { answer, stream } = await open()
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
      expect(answer.headers).not.toHaveProperty('content-length')
      if (protocol === 'h2') expect(answer.headers).not.toHaveProperty('connection')
      else expect(answer.headers['transfer-encoding']).toBe('chunked')
      expect(answer.received()).toBe('')
      expect(stream.state).toBe('open')
      answer.leave()
      expect(await stream.closed).toEqual({ reason: 'client' })
    })

    test('delivers events as they are sent, and ends', async () => {
      const { answer, stream } = await open({ retryMs: 1_000 })
      await answer.has('retry: 1000\n\n')
      stream.send({ event: 'a', data: 1, id: 0 })
      await answer.has('event: a\nid: 0\ndata: 1\n\n')
      expect(await stream.end({ event: 'bye' })).toEqual({ reason: 'ended' })
      expect(await answer.whole).toBe(
        'retry: 1000\n\nevent: a\nid: 0\ndata: 1\n\nevent: bye\ndata: \n\n',
      )
    })

    test('keeps the connection open with heartbeats', async () => {
      const { answer, stream } = await open({ heartbeatMs: 10 })
      await answer.has(': \n\n: \n\n')
      await stream.end()
    })

    test('keeps headers that were set before, and lets them win over ours', async () => {
      const answer = await request((call) => {
        call.setHeader('access-control-allow-origin', 'https://a.example')
        call.setHeader('set-cookie', 'a=b')
        call.setHeader('cache-control', 'no-store')
        call.setHeader('content-type', 'text/html')
        if (hasResponse) call.setHeader('content-length', '5')
        void call.openStream().end({ data: 'longer than five' })
      })
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': 'https://a.example',
        'set-cookie': ['a=b'],
        'cache-control': 'no-store',
        'content-type': 'text/event-stream',
        'x-accel-buffering': 'no',
      })
      expect(await answer.whole).toBe('data: longer than five\n\n')
    })

    test('sends the headers and the status of its options', async () => {
      const { answer, stream } = await open({
        status: 201,
        headers: { 'X-Accel-Buffering': 'yes', 'x-list': ['a', 'b'], 'x-count': 5 },
      })
      expect(answer.status).toBe(201)
      expect(answer.headers).toMatchObject({
        'x-accel-buffering': 'yes',
        'x-list': 'a, b',
        'x-count': '5',
      })
      await stream.end()
    })

    test('leaves out headers that frame the body or do not belong on this connection', async () => {
      const { answer, stream } = await open({
        headers: {
          'content-type': 'text/plain',
          'Content-Length': 3,
          'transfer-encoding': 'identity',
          ...(protocol === 'h2'
            ? {
                Connection: 'keep-alive',
                'http2-settings': 'x',
                'keep-alive': 'timeout=5',
                'proxy-connection': 'keep-alive',
                TE: 'gzip',
                Upgrade: 'h2c',
              }
            : {}),
        },
      })
      stream.send({ data: 'longer than three' })
      await answer.has('data: longer than three\n\n')
      expect(answer.headers['content-type']).toBe('text/event-stream')
      expect(answer.headers).not.toHaveProperty('content-length')
      await stream.end()
      await answer.whole
    })

    test('ends a long poll after the events that are due', async () => {
      const { answer, stream } = await open({ delivery: 'long-poll' })
      stream.send({ data: 'due' })
      expect(await answer.whole).toBe('retry: 100\n\n: delivery=long-poll\n\ndata: due\n\n')
      expect(await stream.closed).toEqual({ reason: 'ended' })
    })

    test('opens on POST', async () => {
      const { answer, stream } = await open({}, { method: 'POST' })
      stream.send({ data: 'x' })
      await answer.has('data: x\n\n')
      await stream.end()
    })

    test('sees a client that left during an await before the stream was opened', async () => {
      const before = streamStats().open
      let opened: SseStream | undefined
      let isAsked = false
      let goOn = () => {}
      const permission = new Promise<void>((resolve) => {
        goOn = resolve
      })
      handle = async (call) => {
        isAsked = true
        await permission
        opened = call.openStream()
      }
      const client = askInVain(server.url, protocol)
      await vi.waitUntil(() => isAsked)
      client.leave()
      // Until the server has heard of it.
      await new Promise((resolve) => setTimeout(resolve, 50))
      goOn()
      await vi.waitUntil(() => opened !== undefined)
      expect(opened?.state).toBe('closed')
      expect(await opened?.closed).toEqual({ reason: 'client' })
      expect(opened?.signal.aborted).toBe(true)
      expect(streamStats().open).toBe(before)
    })

    test('leaves nothing behind after many clients that come and go', async () => {
      const before = streamStats()
      const opened: SseStream[] = []
      handle = (call) => {
        const stream = call.openStream()
        opened.push(stream)
        stream.send({ data: 'x' })
      }
      for (let round = 0; round < 10; round++) {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const answer = await ask(server.url, protocol)
            answer.leave()
          }),
        )
      }
      for (const stream of opened) expect(await stream.closed).toEqual({ reason: 'client' })
      expect(opened).toHaveLength(200)
      expect(streamStats().open).toBe(before.open)
    })

    const kit: Kit = { request, open, hasResponse }
    testRequests(kit)
    testAnswers(kit)
    testCompression(kit)
  })
}
