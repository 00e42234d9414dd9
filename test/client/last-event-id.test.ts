// The behaviours rec-last-event-id-*: the id that goes out.

import { describe, expect, test } from 'vitest'
import { connect } from '../../src/client.js'
import { behaviour, rawServer, TestClient } from './harness.js'

/** Serves these streams to a client, and gives its next request and what it saw. */
async function serving(...streams: (string | Buffer)[]) {
  const server = await rawServer()
  const client = new TestClient(server.url)
  const ids: string[] = []
  const read = async () => {
    for await (const { id } of client.connection) ids.push(id)
  }
  void read()
  for (const stream of streams) (await server.next()).stream().write(stream).end()
  const request = await server.next()
  return { ids, client, sent: request.values('last-event-id') }
}

describe('the last event id', () => {
  behaviour('rec-last-event-id', 'goes out with the next request', async () => {
    expect((await serving('id: abc\ndata: a\n\n')).sent).toEqual(['abc'])
  })

  behaviour('rec-last-event-id-persists', 'stays when an event has none', async () => {
    const { ids, sent } = await serving('id: abc\ndata: a\n\ndata: b\n\n')
    expect([ids, sent]).toEqual([['abc', 'abc'], ['abc']])
  })

  behaviour(
    'rec-last-event-id-over-connections',
    'stays over connections without one',
    async () => {
      const { ids, sent } = await serving('id: abc\ndata: a\n\n', 'data: b\n\n')
      expect([ids, sent]).toEqual([['abc', 'abc'], ['abc']])
    },
  )

  behaviour('rec-last-event-id-reset', 'is taken back by an empty one', async () => {
    expect((await serving('id: abc\ndata: a\n\nid\ndata: b\n\n')).sent).toEqual([])
  })

  behaviour('rec-last-event-id-nul', 'is never one with NUL', async () => {
    expect((await serving('id: a\0b\ndata: a\n\n')).sent).toEqual([])
  })

  behaviour('rec-last-event-id-utf8', 'goes out as UTF-8', async () => {
    expect((await serving('id: \u2026\ndata: a\n\n')).sent).toEqual(['\xe2\x80\xa6'])
  })

  behaviour(
    'rec-last-event-id-latin1',
    'goes out as UTF-8 also where latin1 would do',
    async () => {
      expect((await serving('id: \u00e9\ndata: a\n\n')).sent).toEqual(['\xc3\xa9'])
    },
  )

  behaviour('rec-id-only-block', 'may come without an event', async () => {
    expect((await serving('id: 1\ndata: a\n\nid: 2\n\n')).sent).toEqual(['2'])
  })

  behaviour('rec-partial-discarded', 'is never that of half a block', async () => {
    const { ids, sent } = await serving('id: abc\ndata: a\n\nid: def\ndata: b\n')
    expect([ids, sent]).toEqual([['abc'], ['abc']])
  })

  behaviour(
    'rec-last-event-id-space',
    'that no header can carry is left out, and told',
    async () => {
      for (const id of [' a ', 'a ', '\ta', 'a\x01b', 'a\x7f']) {
        const { client, sent } = await serving(`id: ${id}\ndata: a\n\n`)
        expect(sent).toEqual([])
        expect(client.connection.lastEventId).toBe(id)
        expect(client.all('attempt')).toMatchObject([
          { type: 'attempt', number: 1, lastEventId: '', isIdLeftOut: false },
          { type: 'attempt', number: 2, lastEventId: id, isIdLeftOut: true },
        ])
      }
    },
  )

  test('may have blanks in the middle', async () => {
    const { client, sent } = await serving('id: a b\tc\ndata: a\n\n')
    expect(sent).toEqual(['a b\tc'])
    expect(client.all('attempt')[1]?.isIdLeftOut).toBe(false)
  })

  test('of 8,000 characters goes out whole', async () => {
    const id = 'é'.repeat(4_000)
    expect((await serving(`id: ${id}\ndata: a\n\n`)).sent).toEqual(['\xc3\xa9'.repeat(4_000)])
  })

  test.each(['a\nb', 'a\rb', 'a\0', 5, null])('is misuse as an option: %j', (lastEventId) => {
    expect(() => connect('http://127.0.0.1/', { lastEventId: lastEventId as string })).toThrow(
      /^Expected `lastEventId` to be one line without NUL, got /,
    )
  })
})
