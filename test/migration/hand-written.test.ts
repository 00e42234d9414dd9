// What docs/migration/hand-written.md says of a stream written by hand, and of the same by eventwire.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closeAllStreams, streamStats } from 'eventwire'
import { describe, expect, test, vi } from 'vitest'
import { ask } from '../adapters/client.js'
import { readWire } from '../wire.js'
import * as after from './hand-written/after.js'
import * as before from './hand-written/before.js'
import { serve, stall } from './served.js'

const accept = 'text/event-stream'

/** What a client sees of the events that were published once it was there. */
async function seen(program: typeof before | typeof after, publish: () => unknown) {
  const url = await serve(program.app)
  const answer = await ask(url, 'http/1.1', { path: '/feed', headers: { accept } })
  await answer.has('retry: 2000\n')
  await publish()
  await program.publish('last', 'the last')
  await answer.has('data: the last\n\n')
  answer.leave()
  return readWire(answer.received()).map(({ event, data }) => [event, data])
}

describe('both', () => {
  test.each([
    ['by hand', before],
    ['by eventwire', after],
  ])('%s give the same events', async (_name, program) => {
    const events = await seen(program, () => program.publish('price', '995'))
    expect(events).toEqual([
      ['price', '995'],
      ['last', 'the last'],
    ])
  })
})

describe('a text of two lines', () => {
  test('loses the second by hand', async () => {
    const events = await seen(before, () => before.publish('note', 'one\ntwo'))
    expect(events[0]).toEqual(['note', 'one'])
  })

  test('arrives whole by eventwire', async () => {
    const events = await seen(after, () => after.publish('note', 'one\ntwo'))
    expect(events[0]).toEqual(['note', 'one\ntwo'])
  })
})

describe('an event name with a line break', () => {
  const name = 'note\ndata: forged\n\nevent: other'

  test('adds an event by hand', async () => {
    const events = await seen(before, () => before.publish(name, 'x'))
    expect(events.slice(0, 2)).toEqual([
      ['note', 'forged'],
      ['other', 'x'],
    ])
  })

  test('is refused by eventwire', async () => {
    const events = await seen(after, () =>
      expect(after.publish(name, 'x')).rejects.toThrow(TypeError),
    )
    expect(events).toEqual([['last', 'the last']])
  })
})

describe('a client that comes back', () => {
  async function secondVisit(program: typeof before | typeof after): Promise<string[]> {
    const url = await serve(program.app)
    const first = await ask(url, 'http/1.1', { path: '/feed', headers: { accept } })
    await first.has('retry')
    await program.publish('note', 'one')
    await first.has('data: one\n\n')
    const id = readWire(first.received()).at(-1)?.id as string
    first.leave()
    await program.publish('note', 'two')
    const headers = { accept, 'last-event-id': id }
    const second = await ask(url, 'http/1.1', { path: '/feed', headers })
    await second.has('retry')
    await program.publish('note', 'three')
    await second.has('data: three\n\n')
    second.leave()
    return readWire(second.received()).map(({ data }) => data)
  }

  test('has missed an event by hand', async () => {
    expect(await secondVisit(before)).toEqual(['three'])
  })

  test('gets it by eventwire', async () => {
    expect(await secondVisit(after)).toEqual(['two', 'three'])
  })
})

describe('a client that does not read', () => {
  const MIB = 'x'.repeat(1_048_576)

  test('keeps all that is published in memory by hand', async () => {
    const responses: ServerResponse[] = []
    const url = await serve((req, res) => {
      responses.push(res)
      before.app(req, res)
    })
    await stall(`${url}/feed`)
    await vi.waitFor(() => expect(responses).toHaveLength(1))
    await vi.waitFor(() => expect(responses[0]?.headersSent).toBe(true))
    for (let count = 0; count < 32; count++) before.publish('note', MIB)
    await new Promise(setImmediate)
    expect(responses[0]?.writableLength).toBeGreaterThan(16 * MIB.length)
  })

  test('is cut by eventwire', async () => {
    const url = await serve(after.app)
    const { closed } = streamStats()
    const socket = await stall(`${url}/feed`)
    await vi.waitFor(() => expect(streamStats().open).toBe(1))
    for (let count = 0; count < 32; count++) {
      await after.publish('note', MIB)
      await new Promise(setImmediate)
    }
    await vi.waitFor(() => expect(streamStats().closed.overflow).toBe(closed.overflow + 1))
    expect(streamStats().bufferedBytes).toBe(0)
    socket.destroy()
  })
})

test('a HEAD request never ends by hand, and does by eventwire', async () => {
  const finishes: string[] = []
  const watched = (name: string, app: typeof before.app) =>
    serve((req, res) => {
      res.on('finish', () => finishes.push(name))
      app(req, res)
    })
  const byHand = await watched('by hand', before.app)
  const byEventwire = await watched('by eventwire', after.app)
  const never = ask(byHand, 'http/1.1', { method: 'HEAD', path: '/feed' })
  never.catch(() => {})
  const ended = await ask(byEventwire, 'http/1.1', { method: 'HEAD', path: '/feed' })
  expect(await ended.whole).toBe('')
  expect(finishes).toEqual(['by eventwire'])
})

describe('server.close()', () => {
  /** Closes the server while a client is there, and tells how far it came. */
  async function close(app: typeof before.app, endStreams: () => Promise<unknown>) {
    const server: Server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const answer = await ask(url, 'http/1.1', { path: '/feed', headers: { accept } })
    await answer.has('retry')
    const closed = new Promise((resolve) => server.close(resolve))
    await endStreams()
    return { answer, closed }
  }

  test('waits for the client by hand', async () => {
    let hasClosed = false
    const { answer, closed } = await close(before.app, async () => {})
    closed.then(() => {
      hasClosed = true
    })
    before.publish('note', 'still served')
    await answer.has('still served')
    expect(hasClosed).toBe(false)
    answer.leave()
    await closed
  })

  test('finishes by eventwire, and tells each client when to come back', async () => {
    const { answer, closed } = await close(after.app, () =>
      closeAllStreams({ withinMs: 0, retryMs: [3_000, 4_000] }),
    )
    await closed
    expect(await answer.whole).toMatch(/retry: 3\d{3}\n/)
  })
})
