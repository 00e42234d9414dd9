// What every adapter must do: other answers than a stream, and calls that are wrong.

import { expect, test } from 'vitest'
import type { RefuseOptions } from '../../../src/adapters/node.js'
import { SseError, type SseStream } from '../../../src/index.js'
import type { Call, Kit } from '../contract.js'

export function testAnswers({ request, hasResponse }: Kit): void {
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
}
