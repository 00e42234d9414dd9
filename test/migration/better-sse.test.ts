// What docs/migration/better-sse.md says of better-sse, and of the same by eventwire.

import { createSession } from 'better-sse'
import { type AnyEvents, defineEvents, SseChannel, type SseEvent, type SseStream } from 'eventwire'
import { openStream } from 'eventwire/express'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'
import * as after from './better-sse/after.js'
import * as before from './better-sse/before.js'
import { serve } from './served.js'

const accept = 'text/event-stream'

describe('the program of the page', () => {
  test.each([
    ['better-sse', before],
    ['eventwire', after],
  ])('by %s gives each client what is for it', async (_name, program) => {
    const url = await serve(program.app)
    const open = (team: string) =>
      ask(url, 'http/1.1', { path: `/scores?team=${team}`, headers: { accept } })
    const red = await open('red')
    const blue = await open('blue')
    await red.has('welcome')
    await blue.has('welcome')
    program.score('red', 1)
    program.score('blue', 2)
    await red.has('score')
    await blue.has('score')
    const seen = [red, blue].map((answer) => {
      answer.leave()
      return readWire(answer.received()).map(({ event, data }) => [event, JSON.parse(data)])
    })
    expect(seen).toEqual([
      [
        ['welcome', { team: 'red' }],
        ['score', { team: 'red', goals: 1 }],
      ],
      [
        ['welcome', { team: 'blue' }],
        ['score', { team: 'blue', goals: 2 }],
      ],
    ])
  })

  /** What a client gets that was away while a goal was scored. */
  async function missed(program: typeof before | typeof after) {
    const url = await serve(program.app)
    const path = '/scores?team=red'
    const first = await ask(url, 'http/1.1', { path, headers: { accept } })
    await first.has('welcome')
    program.score('red', 1)
    await first.has('"goals":1')
    first.leave()
    const id = readWire(first.received()).at(-1)?.id as string
    program.score('red', 2)
    const headers = { accept, 'last-event-id': id }
    const second = await ask(url, 'http/1.1', { path, headers })
    await second.has('retry')
    await new Promise(setImmediate)
    program.score('red', 3)
    await second.has('"goals":3')
    second.leave()
    return readWire(second.received()).map(({ data }) => JSON.parse(data).goals)
  }

  test('by better-sse misses what was sent meanwhile', async () => {
    expect(await missed(before)).toEqual([undefined, 3])
  })

  test('by eventwire misses nothing', async () => {
    expect(await missed(after)).toEqual([2, 3])
  })
})

/** The events of a response that ends. */
async function eventsOf(handler: express.Handler) {
  const url = await serve(express().get('/', handler))
  const answer = await ask(url, 'http/1.1', { headers: { accept } })
  const text = await answer.whole
  return { text, events: readWire(text) }
}

const sent = (options: object, ...events: SseEvent[]) =>
  eventsOf((req, res) => {
    const stream: SseStream<AnyEvents> = openStream(req, res, options)
    for (const event of events) stream.send(event)
    void stream.end()
  })

const pushed = (push: (session: Awaited<ReturnType<typeof createSession>>) => void) =>
  eventsOf(async (req, res) => {
    push(await createSession(req, res))
    res.end()
  })

describe('a string', () => {
  test('is JSON by better-sse', async () => {
    const { events } = await pushed((session) => session.push('hello'))
    expect(events.map(({ data }) => data)).toEqual(['"hello"'])
  })

  test('goes as it is by eventwire', async () => {
    const { events } = await sent({}, { data: 'hello' })
    expect(events.map(({ data }) => data)).toEqual(['hello'])
  })

  test('is JSON by eventwire where the contract has a schema', async () => {
    const events = defineEvents({ note: z.string() })
    const { events: got } = await sent({ events }, { event: 'note', data: 'hello' })
    expect(got.map(({ data }) => data)).toEqual(['"hello"'])
  })
})

describe('an id that was not given', () => {
  test('is random by better-sse', async () => {
    const { events } = await pushed((session) => session.push(1))
    expect(events[0]?.id).toMatch(/^[0-9a-f]{8}-/)
  })

  test('is none on a stream of eventwire', async () => {
    const { events } = await sent({}, { data: 1 })
    expect(events[0]?.id).toBeUndefined()
  })

  test("is the channel's by eventwire", async () => {
    const channel = new SseChannel()
    const url = await serve((req, res) => channel.subscribe(openStream(req, res)))
    const answer = await ask(url, 'http/1.1', { headers: { accept } })
    const id = await channel.publish({ data: 1 })
    await answer.has('data: 1\n\n')
    answer.leave()
    expect(readWire(answer.received())).toEqual([{ event: 'message', data: '1', id }])
  })
})

describe('the reconnection time', () => {
  test('is 2 s by better-sse', async () => {
    const { text } = await pushed(() => {})
    expect(text).toMatch(/^retry:2000\n/)
  })

  test("is the browser's by eventwire, unless `retryMs` says another", async () => {
    expect((await sent({}, { data: 1 })).text).not.toContain('retry')
    expect((await sent({ retryMs: 2_000 }, { data: 1 })).text).toMatch(/^retry: 2000\n/)
  })
})

test('what is pushed in one run leaves as one chunk by eventwire, without a batch', async () => {
  const writes: unknown[] = []
  await eventsOf((req, res) => {
    const write = vi.spyOn(res, 'write')
    const stream = openStream(req, res)
    for (const data of ['one', 'two', 'three']) stream.send({ data })
    res.on('finish', () => writes.push(...write.mock.calls.map(([chunk]) => String(chunk))))
    void stream.end()
  })
  expect(writes).toEqual(['data: one\n\ndata: two\n\ndata: three\n\n'])
})
