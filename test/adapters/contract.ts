// What every adapter must do: run for each framework and each server that it serves.

import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OpenStreamOptions, RefuseOptions } from '../../src/adapters/node.js'
import { SseChannel, SseError, type SseStream, streamStats } from '../../src/index.js'
import { type Ask, ask, askInVain, type Protocol } from './client.js'

/** One request, in the framework's own way. */
export interface Call {
  openStream(options?: OpenStreamOptions): SseStream
  stop(): void
  refuse(options?: RefuseOptions): void
  /** Sets a header the framework's way, before the stream opens. */
  setHeader(name: string, value: string): void
  acceptsEventStream(): boolean
}

const CODINGS = ['gzip', 'br'] as const

/** Decodes as much as there is. */
function decoded(bytes: Buffer, coding: (typeof CODINGS)[number]): string {
  if (bytes.length === 0) return ''
  return (
    coding === 'gzip'
      ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
      : brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH })
  ).toString()
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

    /** Answers one request by `handler`. */
    function request(handler: (call: Call) => unknown, options?: Ask) {
      handle = handler
      return ask(server.url, protocol, options)
    }

    /** Opens one stream, seen from both ends. */
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

    test.each([...CODINGS])('compresses by %s, event by event', async (coding) => {
      const channel = new SseChannel()
      const { answer, stream } = await open(
        { compress: true },
        { headers: { 'accept-encoding': `${coding}, identity;q=0.5` } },
      )
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'content-encoding': coding,
        vary: expect.stringMatching(/accept-encoding/i),
      })
      expect(answer.headers).not.toHaveProperty('content-length')
      await channel.subscribe(stream)
      const text = () => decoded(answer.bytes(), coding)
      for (let i = 0; i < 6; i++) {
        if (i % 2) stream.send({ data: `event ${i}` })
        else await channel.publish({ data: `event ${i}` })
        // Nothing else is sent until this one has arrived.
        await vi.waitUntil(() => text().endsWith(`data: event ${i}\n\n`), { timeout: 5_000 })
      }
      // More than the connection takes at once.
      stream.send({ data: 'ä'.repeat(300_000) })
      expect(await stream.end({ event: 'bye' })).toEqual({ reason: 'ended' })
      await answer.whole
      expect(text()).toMatch(/data: ä{300000}\n\nevent: bye\ndata: \n\n$/)
    })

    test('sees a client leave that is sent compressed events', async () => {
      for (const coding of CODINGS) {
        const { answer, stream } = await open(
          { compress: true },
          { headers: { 'accept-encoding': coding } },
        )
        stream.send({ data: 'x' })
        answer.leave()
        expect(await stream.closed).toEqual({ reason: 'client' })
      }
    })

    test('compresses for none that does not take it, and nobody unasked', async () => {
      const plain = await open({ compress: true }, { headers: { 'accept-encoding': 'gzip;q=0' } })
      expect(plain.answer.headers).not.toHaveProperty('content-encoding')
      expect(plain.answer.headers.vary).toMatch(/accept-encoding/i)
      void plain.stream.end({ data: 'plain' })
      expect(await plain.answer.whole).toBe('data: plain\n\n')
      const unasked = await open({}, { headers: { 'accept-encoding': 'gzip, br' } })
      expect(unasked.answer.headers).not.toHaveProperty('content-encoding')
      await unasked.stream.end()
    })

    test.each<[string, Ask, string]>([
      ['the header', { headers: { 'last-event-id': '41' } }, '41'],
      ['the query', { path: '/?lastEventId=42' }, '42'],
      [
        'a header in UTF-8',
        { headers: { 'last-event-id': Buffer.from('ключ').toString('latin1') } },
        'ключ',
      ],
      [
        'a hostile header as a placeholder',
        { headers: { 'last-event-id': 'x'.repeat(1_025) } },
        'invalid-last-event-id',
      ],
      [
        'a hostile query as a placeholder',
        { path: '/?lastEventId=a%0Ab' },
        'invalid-last-event-id',
      ],
      ['nothing as nothing', {}, ''],
    ])('reads the last event id from %s', async (_what, asked, id) => {
      const { stream } = await open({}, asked)
      expect(stream.lastEventId).toBe(id)
      await stream.end()
    })

    test('lets the option win over the last event id of the request', async () => {
      const { stream } = await open({ lastEventId: 'mine' }, { headers: { 'last-event-id': '41' } })
      expect(stream.lastEventId).toBe('mine')
      await stream.end()
    })

    test.each<[string, Ask['headers'], OpenStreamOptions, number]>([
      ['one that names it', { accept: 'text/event-stream' }, {}, 200],
      ['a wildcard', { accept: 'text/html, */*;q=0.1' }, {}, 200],
      ['none', {}, {}, 200],
      ['another type', { accept: 'text/html' }, {}, 406],
      ['a refusal', { accept: '*/*, text/event-stream;q=0' }, {}, 406],
      ['a wildcard, strictly', { accept: '*/*' }, { accept: 'strict' }, 406],
      ['none, strictly', {}, { accept: 'strict' }, 406],
      ['one that names it, strictly', { accept: 'text/event-stream' }, { accept: 'strict' }, 200],
      ['another type, unasked', { accept: 'text/html' }, { accept: false }, 200],
    ])(
      'answers an Accept header with %s (%o, %o) by %d',
      async (_what, headers, options, status) => {
        const { answer, stream } = await open(options, { headers: headers ?? {} })
        expect(answer.status).toBe(status)
        if (status === 200) {
          expect(stream.state).toBe('open')
          await stream.end()
          return
        }
        expect(stream.state).toBe('closed')
        expect(stream.send({ data: 'x' })).toBe(false)
        expect(await stream.closed).toEqual({ reason: 'refused' })
        expect(await answer.whole).toContain('text/event-stream')
        expect(answer.headers['content-type']).not.toContain('event-stream')
      },
    )

    test('answers HEAD with the head alone', async () => {
      const { answer, stream } = await open({}, { method: 'HEAD' })
      expect(answer.headers['content-type']).toBe('text/event-stream')
      expect(await answer.whole).toBe('')
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

    test('answers 204 by stop, and keeps headers set before', async () => {
      const answer = await request((call) => {
        call.setHeader('access-control-allow-origin', '*')
        call.stop()
      })
      expect(answer.status).toBe(204)
      expect(answer.headers['access-control-allow-origin']).toBe('*')
      expect(await answer.whole).toBe('')
    })

    test.each<[RefuseOptions | undefined, string | undefined]>([
      [undefined, undefined],
      [{ retryAfterMs: 1_500 }, '2'],
      [{ retryAfterMs: 0 }, '0'],
    ])('answers 503 by refuse(%o), with Retry-After %s', async (options, retryAfter) => {
      const answer = await request((call) => call.refuse(options))
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe(retryAfter)
      await answer.whole
    })

    test.each<[string, (call: Call) => unknown, RegExp]>([
      [
        'an option out of range',
        (call) => call.openStream({ heartbeatMs: -1 }),
        /^Expected `heartbeatMs` to be an integer from 1 to 2147483647 or false, got -1$/,
      ],
      [
        'a status without a body',
        (call) => call.openStream({ status: 204 }),
        /^Expected `status` to be one whose response has a body, got 204$/,
      ],
      [
        'a status that is none',
        (call) => call.openStream({ status: 99 }),
        /^Expected `status` to be an integer from 200 to 599, got 99$/,
      ],
      [
        'an unknown accept mode',
        (call) => call.openStream({ accept: 'any' as never }),
        /^Expected `accept` to be one of "lenient", "strict", false, got "any"$/,
      ],
      [
        'a header with a line break',
        (call) => call.openStream({ headers: { 'x-a': 'b\r\nx-c: d' } }),
        /x-a/,
      ],
      ['a header name with a space', (call) => call.openStream({ headers: { 'x a': 'b' } }), /x a/],
      [
        'a header without a value',
        (call) => call.openStream({ headers: { 'x-a': undefined as never } }),
        /x-a/,
      ],
      [
        'headers that are a list',
        (call) => call.openStream({ headers: [['a', 'b']] as never }),
        /^Expected `headers` to be an object/,
      ],
      [
        'retryAfterMs -1',
        (call) => call.refuse({ retryAfterMs: -1 }),
        /^Expected `retryAfterMs` to be an integer/,
      ],
    ])('throws for %s before it touches the response', async (_what, act, message) => {
      let error: Error | undefined
      const answer = await request((call) => {
        try {
          act(call)
        } catch (caught) {
          error = caught as Error
        }
        // Nothing is written or set: the application can still answer in its own way.
        call.stop()
      })
      expect(error?.message).toMatch(message)
      expect(answer.status).toBe(204)
      expect(answer.headers).not.toHaveProperty('content-type')
      expect(answer.headers).not.toHaveProperty('x-accel-buffering')
    })

    // Each call makes a response of its own otherwise.
    const testIfResponse = hasResponse ? test : () => {}
    testIfResponse('throws ERR_SSE_HEAD_SENT for a request that has been answered', async () => {
      const errors: unknown[] = []
      const { answer, stream } = await (async () => {
        let opened: SseStream | undefined
        const received = await request((call) => {
          opened = call.openStream()
          for (const again of [() => call.openStream(), () => call.stop(), () => call.refuse()]) {
            try {
              again()
            } catch (error) {
              errors.push(error)
            }
          }
        })
        return { answer: received, stream: opened as unknown as SseStream }
      })()
      expect(errors).toHaveLength(3)
      for (const error of errors) {
        expect(error).toBeInstanceOf(SseError)
        expect(error).toMatchObject({ code: 'ERR_SSE_HEAD_SENT', name: 'SseError' })
      }
      stream.send({ data: 'still well' })
      await answer.has('data: still well\n\n')
      await stream.end()
    })

    test('tells whether a request accepts an event stream', async () => {
      const answers: boolean[] = []
      for (const accept of ['text/event-stream', 'text/html']) {
        await request(
          (call) => {
            answers.push(call.acceptsEventStream())
            call.stop()
          },
          { headers: { accept } },
        )
      }
      expect(answers).toEqual([true, false])
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
  })
}
