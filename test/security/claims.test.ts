// What docs/security.md says that the library does, on a real server.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { openStream, refuse, stop } from '../../src/adapters/node.js'
import { SseChannel, type SseEvent } from '../../src/index.js'
import { createTestStream } from '../../src/testing.js'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stopOne of stops.splice(0)) await stopOne()
})

async function serve(handle: (req: IncomingMessage, res: ServerResponse) => void) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stops.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What tries to be an event of its own, or to end the stream's line early. */
const HOSTILE = [
  'x\n\nevent: admin\ndata: 1\n\n',
  'x\r\revent: admin\rdata: 1\r\r',
  'x\r\n\r\nevent: admin\r\ndata: 1\r\n\r\n',
  '\n\n',
  ': \n\ndata: 1\n\n',
  '\uFEFFdata: 1\n\n',
]

describe('no input adds an event', () => {
  test.each(HOSTILE)('as data or a comment: %j arrives as one event', async (text) => {
    const url = await serve((req, res) => {
      const stream = openStream(req, res)
      stream.comment(text)
      stream.send({ event: 'note', data: text })
      stream.send({ event: 'object', data: { text } })
      void stream.end()
    })
    const events = readWire(await (await ask(url, 'http/1.1')).whole)
    expect(events.map(({ event }) => event)).toEqual(['note', 'object'])
    expect(events[0]?.data).toBe(text.replace(/\r\n?/g, '\n'))
    expect(JSON.parse(events[1]?.data ?? '')).toEqual({ text })
  })

  test.each(HOSTILE)('as a name or an id: %j throws, and nothing is written', async (text) => {
    const { stream, text: wire } = createTestStream()
    const channel = new SseChannel()
    await channel.subscribe(stream)
    const before = wire()
    const events: SseEvent[] = [
      { event: text, data: '' },
      { id: text, data: '' },
    ]
    for (const event of events) expect(() => stream.send(event)).toThrow(TypeError)
    await expect(channel.publish({ event: text, data: '' })).rejects.toThrow(TypeError)
    expect(wire()).toBe(before)
  })
})

describe('a hostile Last-Event-ID', () => {
  test.each([
    ['of another channel', 'abc-7'],
    ['with control characters', 'a\u0001b'],
    ['of more than 1,024 bytes', 'x'.repeat(1_025)],
    ['that would be an event', HOSTILE[0] as string],
    ['that is a name of a property', '__proto__'],
  ])('%s gives a gap, and adds nothing', async (_what, id) => {
    const channel = new SseChannel()
    await channel.publish({ data: 'kept' })
    const seen: string[] = []
    const url = await serve(async (req, res) => {
      const stream = openStream(req, res)
      seen.push(stream.lastEventId)
      await channel.subscribe(stream)
      void stream.end()
    })
    const path = `/?lastEventId=${encodeURIComponent(id)}`
    const events = readWire(await (await ask(url, 'http/1.1', { path })).whole)
    expect(events.map(({ event }) => event)).toEqual(['gap', 'message'])
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({ lastEventId: seen[0] })
    expect(seen[0]?.length).toBeLessThanOrEqual(1_024)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them is to be there.
    expect(seen[0]).not.toMatch(/[\u0000-\u001f\u007f]/)
  })
})

describe('what a replay shows', () => {
  test('is bound by the topics and the filter of this subscription, whatever id the client brings', async () => {
    const channel = new SseChannel()
    const first = await channel.publish({ data: 'secret 0' }, { topic: 'admin' })
    await channel.publish({ data: 'secret 1' }, { topic: 'admin' })
    await channel.publish({ data: 'public' })
    await channel.publish({ data: 'hidden' })
    for (const lastEventId of [first, 'made up']) {
      const { stream, events } = createTestStream({ lastEventId })
      await channel.subscribe(stream, { topics: ['user'], filter: ({ data }) => data !== 'hidden' })
      const data = events().map((event) => event.data)
      expect(data.filter((text) => !text.includes('lastEventId'))).toEqual(['public'])
    }
  })

  test('is nothing of one channel for an id of it on another', async () => {
    const [one, other] = [new SseChannel(), new SseChannel()]
    const lastEventId = await one.publish({ data: 'of one' })
    await one.publish({ data: 'of one, too' })
    const { stream, events } = createTestStream({ lastEventId })
    await other.subscribe(stream)
    expect(events().map(({ event }) => event)).toEqual(['gap'])
  })

  test('is nothing for a filter that fails', async () => {
    const channel = new SseChannel()
    const lastEventId = await channel.publish({ data: '' })
    await channel.publish({ data: 'secret' })
    const { stream, events } = createTestStream({ lastEventId })
    const filter = () => {
      throw new Error('no permission service')
    }
    await channel.subscribe(stream, { filter })
    await channel.publish({ data: 'secret, live' })
    expect(events()).toEqual([])
  })
})

describe('a response', () => {
  test('tells nothing of an error inside', async () => {
    const secret = 'password of the database'
    const url = await serve(async (req, res) => {
      const stream = openStream(req, res)
      stream.send({ data: 'before' })
      await stream.sendAll(failing()).catch((error) => stream.destroy(error))
    })
    async function* failing() {
      yield 'one'
      // The client is to have got that far.
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error(secret)
    }
    const answer = await ask(url, 'http/1.1')
    await expect(answer.whole).rejects.toThrow()
    expect(answer.received()).toContain('data: one')
    expect(answer.received()).not.toContain('password')
  })

  test('has no CORS header of ours: another origin reads it only if the application says so', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/stop') stop(res)
      else if (req.url === '/refuse') refuse(res, { retryAfterMs: 1_000 })
      else void openStream(req, res).end({ data: '' })
    })
    for (const path of ['/', '/stop', '/refuse']) {
      const { headers, whole } = await ask(url, 'http/1.1', {
        path,
        headers: { origin: 'https://evil.example' },
      })
      await whole
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('is not compressed unless that was asked for', async () => {
    const url = await serve((req, res) => {
      void openStream(req, res, { compress: req.url === '/asked' }).end({ data: 'secret' })
    })
    const headers = { 'accept-encoding': 'gzip, br' }
    const plain = await ask(url, 'http/1.1', { headers })
    expect(plain.headers).not.toHaveProperty('content-encoding')
    expect(await plain.whole).toBe('data: secret\n\n')
    const asked = await ask(url, 'http/1.1', { path: '/asked', headers })
    expect(asked.headers['content-encoding']).toBe('gzip')
  })

  test('of which an attacker chooses a part tells by its compressed length what else is in it', async () => {
    const secret = 'token=7f3a9c21d8e4'
    const url = await serve((req, res) => {
      const guess = new URL(req.url ?? '', 'http://localhost').searchParams.get('guess')
      void openStream(req, res, { compress: true }).end({ data: { secret, guess } })
    })
    const lengthFor = async (guess: string) => {
      const path = `/?guess=${encodeURIComponent(guess)}`
      const answer = await ask(url, 'http/1.1', { path, headers: { 'accept-encoding': 'gzip' } })
      await answer.whole
      return answer.bytes().length
    }
    expect(await lengthFor('token=7f3a9c21d8e4')).toBeLessThan(
      await lengthFor('token=b05e6d7fa213'),
    )
  })

  test('with headers of the application has those: nothing is stored under no-store', async () => {
    const url = await serve((req, res) => {
      res.setHeader('x-content-type-options', 'nosniff')
      const headers = { 'cache-control': 'no-store, no-transform' }
      void openStream(req, res, { headers }).end({ data: '' })
    })
    const answer = await ask(url, 'http/1.1')
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store, no-transform',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/event-stream',
    })
    await answer.whole
  })
})
