// The behaviour rec-max-attempts and its kin: when a client gives up.

import { describe, expect, test } from 'vitest'
import { connect } from '../../src/client.js'
import { rejection } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'

describe('limits', () => {
  behaviour('rec-max-attempts', 'of attempts in a row end in one error', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxAttempts: 3 } })
    const step = client.next()
    step.catch(() => {})
    for (let i = 0; i < 3; i++) (await server.next()).answer(503, {}, 'busy')
    const error = await rejection(step)
    expect(error).toMatchObject({
      code: 'ERR_SSE_GAVE_UP',
      message: 'Gave up after 3 failed attempts',
      cause: { code: 'ERR_SSE_RESPONSE', status: 503, data: 'busy' },
    })
    expect(client.connection.state).toBe('closed')
    expect(client.all('retry').length).toBe(2)
    expect(await client.next()).toEqual({ done: true, value: undefined })
    expect(server.requests.length).toBe(3)
  })

  test('of attempts count anew after an event', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxAttempts: 3 } })
    const first = client.next()
    for (const stream of [': hello\n\n', 'data: a\n\n']) (await server.next()).stream(stream).end()
    await first
    client.ask()
    ;(await server.next()).stream(': hello\n\n').end()
    await server.next()
    expect(client.all('attempt').length).toBe(4)
  })

  test('of the total time end in one error, before a wait that would go beyond', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxTotalMs: 3_499 } })
    const step = client.next()
    step.catch(() => {})
    for (let i = 0; i < 3; i++) (await server.next()).answer(503, {}, '')
    // 500 + 1,000 have passed, and 2,000 more would be too long.
    expect(await rejection(step)).toMatchObject({ code: 'ERR_SSE_GAVE_UP' })
    expect(client.all('retry').length).toBe(2)
  })

  test('of the total time count a first attempt that takes its time', async () => {
    const server = await rawServer()
    const options = { reconnect: { maxTotalMs: 5_499 }, idleTimeoutMs: 5_000 }
    const client = new TestClient(server.url, options)
    const step = client.next()
    step.catch(() => {})
    await server.next()
    client.clock.advance(5_000)
    expect(await rejection(step)).toMatchObject({
      code: 'ERR_SSE_GAVE_UP',
      cause: { code: 'ERR_SSE_TIMEOUT' },
    })
  })

  test('of the total time cut a request that is not answered', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxTotalMs: 2_000 } })
    const step = client.next()
    step.catch(() => {})
    ;(await server.next()).answer(503, {}, '')
    const request = await server.next()
    // 500 have passed in waiting.
    expect(client.clock.waitsMs).toEqual([1_500])
    client.clock.advance(1_500)
    expect(await rejection(step)).toMatchObject({
      code: 'ERR_SSE_GAVE_UP',
      message: 'Gave up after 2 failed attempts',
      cause: { code: 'ERR_SSE_TIMEOUT' },
    })
    await request.gone
  })

  test('of the total time leave an open connection alone', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxTotalMs: 2_000 } })
    const step = client.next()
    const request = (await server.next()).stream()
    await client.seen('open')
    await new Promise(setImmediate)
    expect(client.clock.waitsMs).toEqual([90_000])
    client.clock.advance(2_001)
    request.write('data: a\n\n')
    expect((await step).value).toEqual({ event: 'message', data: 'a', id: '' })
  })

  test('of the total time that no timer can wait for set none', async () => {
    const server = await rawServer()
    const reconnect = { maxTotalMs: Number.MAX_SAFE_INTEGER }
    const client = new TestClient(server.url, { reconnect, idleTimeoutMs: false })
    client.ask()
    await server.next()
    expect(client.clock.waitsMs).toEqual([])
  })

  test('of the total time count from the beginning of the trouble', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, { reconnect: { maxTotalMs: 600 } })
    const step = client.next()
    const request = await server.next()
    request.stream('data: a\n\n')
    await step
    client.clock.advance(1_000_000)
    client.ask()
    request.end()
    await server.next()
    expect(client.connection.state).toBe('connecting')
  })

  test.each([
    [{ baseMs: 0 }, RangeError],
    [{ maxMs: 2_147_483_648 }, RangeError],
    [{ maxAttempts: 0 }, RangeError],
    [{ maxTotalMs: 0.5 }, RangeError],
    [{ maxAttempts: '3' }, TypeError],
    [true, TypeError],
    [null, TypeError],
  ])('refuse %o', (reconnect, type) => {
    expect(() => connect('http://127.0.0.1/', { reconnect: reconnect as never })).toThrow(type)
  })
})
