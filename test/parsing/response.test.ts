// Which responses are read as event streams, and what becomes of the others.

import { Readable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseEvents } from '../../src/parser.js'
import { all, rejection, TestStream, thenBlocked, thenEnded } from './sources.js'

const bytes = (text: string) => new TextEncoder().encode(text)

const answer = (status: number, type: string | undefined, body: BodyInit | null) =>
  new Response(body, { status, headers: type === undefined ? {} : { 'content-type': type } })

describe('a Response', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([
    'text/event-stream',
    'text/event-stream;',
    'Text/Event-Stream; Charset=UTF-8',
    'text/event-stream;charset=windows-1252',
    ' text/event-stream ; x="y"',
  ])('of the type %j is read, as UTF-8', async (type) => {
    const events = await all(parseEvents(answer(200, type, 'data: é\n\n')))
    expect(events).toEqual([{ event: 'message', data: 'é', id: '' }])
  })

  test.each([
    'text/event-streamfoo',
    'text/event-stream+json',
    'text/event',
    'text/plain; x=text/event-stream',
    'application/json',
    'x bogus',
    '',
    undefined,
  ])('of the type %j is refused', async (type) => {
    const { stream, cancelled } = new TestStream(thenEnded(bytes('{"what":"no"}'), bytes('x')))
    const error = await rejection(parseEvents(answer(200, type, stream)).next())
    expect(error).toMatchObject({
      name: 'SseError',
      code: 'ERR_SSE_RESPONSE',
      status: 200,
      data: '{"what":"no"}x',
    })
    expect(error.message).toBe(
      `The response has the content type ${JSON.stringify((type ?? '').trim())}, not text/event-stream`,
    )
    expect(cancelled.length).toBeLessThan(2)
  })

  test.each([201, 204, 205, 299, 304, 404, 410, 429, 500, 503])(
    'with the status %i is refused, with what its body says',
    async (status) => {
      const body = [204, 205, 304].includes(status) ? null : 'No such feed'
      const reader = parseEvents(answer(status, 'text/event-stream', body))
      const error = await rejection(reader.next())
      expect(error).toMatchObject({ code: 'ERR_SSE_RESPONSE', status })
      expect(error.message).toBe(`The response has the status ${status}, not 200`)
      expect(error.data).toBe(body ?? undefined)
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    },
  )

  test('is asked for no more of its body than is told, and the body is cancelled', async () => {
    const source = new TestStream(() => bytes('€'.repeat(300)))
    const error = await rejection(parseEvents(answer(500, 'text/html', source.stream)).next())
    expect(error.data).toBe('€'.repeat(1_024))
    expect(source.pulls).toBe(4)
    expect(source.cancelled.length).toBe(1)
  })

  test('is refused within a second when its body does not come, with what has come', async () => {
    vi.useFakeTimers()
    const { stream, cancelled } = new TestStream(thenBlocked(bytes('Wait')))
    const error = rejection(parseEvents(answer(503, undefined, stream)).next())
    await vi.advanceTimersByTimeAsync(999)
    expect(cancelled).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await error).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 503, data: 'Wait' })
    expect(cancelled.length).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is refused for its own fault when its body fails', async () => {
    const { stream } = new TestStream<Uint8Array>(() => Promise.reject(new Error('reset')))
    const error = await rejection(parseEvents(answer(502, undefined, stream)).next())
    expect(error).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 502, data: '' })
  })

  test('can be given up while its refusal is looked into', async () => {
    vi.useFakeTimers()
    const { stream, cancelled } = new TestStream(thenBlocked<Uint8Array>())
    const abort = new AbortController()
    const reader = parseEvents(answer(500, undefined, stream), { signal: abort.signal })
    const error = rejection(reader.next())
    await vi.advanceTimersByTimeAsync(10)
    abort.abort(new Error('enough'))
    expect((await error).message).toBe('enough')
    expect(cancelled.length).toBe(1)
    await vi.advanceTimersByTimeAsync(10)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('without a body that can be read is refused', async () => {
    const error = await rejection(parseEvents(answer(200, 'text/event-stream', null)).next())
    expect(error).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 200 })
    expect(error.message).toBe('The response has no body that can be read')
  })

  test('that somebody reads, or has read, is misuse, told at once', async () => {
    const locked = answer(200, 'text/event-stream', 'data: a\n\n')
    const reader = parseEvents(locked)
    expect(() => parseEvents(locked)).toThrow(TypeError)
    expect((await all(reader)).length).toBe(1)

    const used = answer(200, 'text/event-stream', 'data: a\n\n')
    await used.text()
    expect(() => parseEvents(used)).toThrow(
      new TypeError(
        'Expected the body to be one that has not been read, got an instance of Response',
      ),
    )
  })

  test('is known by its shape, whatever its class, with a Node stream for its body too', async () => {
    const headers = {
      get: (name: string) => (name === 'content-type' ? 'text/event-stream' : null),
    }
    const body = Readable.from([Buffer.from('data: a\n\n')])
    const events = await all(parseEvents({ status: 200, headers, body }))
    expect(events).toEqual([{ event: 'message', data: 'a', id: '' }])
    expect(body.destroyed).toBe(true)
  })
})
