// The behaviours close-* and err-*: how it ends, at any moment, and what is told.

import { describe, expect, test } from 'vitest'
import { connect, type SseActivity } from '../../src/client.js'
import { defineEvents, text } from '../../src/parser.js'
import { rejection } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'

const DONE = { done: true, value: undefined }

/** Lets everything run that can. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** The moments at which a connection can be closed, each with the wait for it. */
const MOMENTS: Record<string, (client: TestClient) => Promise<unknown>> = {
  'before it was asked for anything': async () => {},
  'while `request` takes its time': async (client) => {
    client.ask()
    await client.seen('attempt')
  },
  'while the server does not answer': async (client) => {
    client.ask()
    await client.seen('attempt')
    await settled()
  },
  'while it waits for an event': async (client) => {
    client.ask()
    await client.seen('open')
  },
  'while it waits for the next attempt': async (client) => {
    client.ask()
    await client.seen('retry')
  },
}

async function at(moment: string, options: ConstructorParameters<typeof TestClient>[1] = {}) {
  const server = await rawServer()
  const never = new Promise<never>(() => {})
  const client = new TestClient(server.url, {
    ...options,
    ...(moment.includes('`request`') && { request: () => never }),
  })
  client.isImpatient = false
  const serve = async () => {
    const request = await server.next()
    if (moment.includes('for an event')) request.stream()
    if (moment.includes('next attempt')) request.answer(503, {}, '')
    return request
  }
  const serving = serve()
  await MOMENTS[moment]?.(client)
  return { server, client, serving }
}

describe.each(Object.keys(MOMENTS))('%s', (moment) => {
  test('close() ends the iteration in good order, and leaves nothing', async () => {
    const { server, client } = await at(moment)
    const step = client.next()
    if (moment.startsWith('before')) client.connection.close()
    await settled()
    const requests = server.requests.length
    client.connection.close()
    expect(await step).toEqual(DONE)
    expect(client.connection.state).toBe('closed')
    expect(client.clock.waitsMs).toEqual([])
    client.clock.advance(1e9)
    await settled()
    expect(server.requests.length).toBe(requests)
    expect(client.all('close')).toEqual([{ type: 'close', error: undefined }])
    expect(client.activity.at(-1)?.type).toBe('close')
    for (const request of server.requests) await (moment.includes('next') || request.gone)
    expect(await client.next()).toEqual(DONE)
  })

  test("an abort rejects with the signal's reason, and leaves nothing", async () => {
    const abort = new AbortController()
    const { server, client } = await at(moment, { signal: abort.signal })
    const reason = new Error('enough')
    if (moment.startsWith('before')) abort.abort(reason)
    const step = client.next()
    step.catch(() => {})
    await settled()
    abort.abort(reason)
    const requests = server.requests.length
    // The calls of next that came before fail or end in their order.
    const outcomes = await Promise.allSettled([step, client.next(), client.next()])
    expect(outcomes.at(-1)).toEqual({ status: 'fulfilled', value: DONE })
    expect(client.all('close')).toEqual([{ type: 'close', error: reason }])
    expect(client.clock.waitsMs).toEqual([])
    client.clock.advance(1e9)
    await settled()
    expect(server.requests.length).toBe(requests)
  })
})

describe('close()', () => {
  behaviour('close-during-connect', 'before the answer: no open, no event', async () => {
    const { client, serving } = await at('while the server does not answer')
    const request = await serving
    client.connection.close()
    await request.gone
    request.stream('data: a\n\n')
    await settled()
    expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'close'])
    expect(client.connection.state).toBe('closed')
  })

  behaviour('close-during-backoff', 'while waiting: no timer, no further request', async () => {
    const { client, server } = await at('while it waits for the next attempt')
    expect(client.clock.waitsMs.length).toBe(1)
    client.connection.close()
    expect(client.clock.waitsMs).toEqual([])
    client.clock.advance(1e9)
    await settled()
    expect(server.requests.length).toBe(1)
  })

  behaviour('close-in-handler', 'inside the loop: not one more event of the chunk', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    const serve = async () => (await server.next()).stream('id: 1\ndata: a\n\nid: 2\ndata: b\n\n')
    const serving = serve()
    const seen: string[] = []
    for await (const { data } of client.connection) {
      seen.push(data)
      client.connection.close()
    }
    await (await serving).gone
    expect(seen).toEqual(['a'])
    expect(client.connection.lastEventId).toBe('1')
  })

  test('as `break` does, from inside the loop', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    const serve = async () => (await server.next()).stream('data: a\n\ndata: b\n\n')
    const serving = serve()
    for await (const { data } of client.connection) {
      expect(data).toBe('a')
      break
    }
    await (await serving).gone
    expect(client.connection.state).toBe('closed')
  })

  test.each(['attempt', 'open', 'event', 'comment', 'retry'])(
    'from a listener, at %s, is obeyed at once',
    async (type) => {
      const server = await rawServer()
      const events = defineEvents({ message: text() })
      const activity: string[] = []
      const connection = connect(server.url, {
        events,
        onActivity: (seen) => {
          activity.push(seen.type)
          if (seen.type === type) connection.close()
        },
      })
      const serve = async () => {
        ;(await server.next()).stream(': a\n\nid: 1\ndata: a\n\nid: 2\n\n: b\n\ndata: b\n\n').end()
        await server.next()
      }
      void serve()
      const seen: string[] = []
      for await (const { data } of connection) seen.push(data)
      expect(activity.slice(-2)).toEqual([type, 'close'])
      expect(activity.filter((one) => one === type).length).toBe(1)
      expect(seen).toEqual(type === 'retry' ? ['a', 'b'] : [])
      expect(connection.lastEventId).toBe(type === 'retry' ? '2' : '')
      expect(server.requests.length).toBe(type === 'attempt' ? 0 : 1)
    },
  )

  test.each(['attempt', 'request'])('from %s keeps the request from being made', async (where) => {
    const calls: string[] = []
    const close = (at: string) => {
      calls.push(at)
      if (at === where) connection.close()
    }
    const connection = connect('http://127.0.0.1/', {
      onActivity: ({ type }) => close(type),
      request: async () => {
        close('request')
        return {}
      },
      // It does not look at the signal.
      fetch: async () => {
        close('fetch')
        return new Response(null, { status: 204 })
      },
    })
    expect(await connection.next()).toEqual(DONE)
    await settled()
    expect(calls).toEqual(
      where === 'attempt' ? ['attempt', 'close'] : ['attempt', 'request', 'close'],
    )
  })

  test('from a listener, at retry, leaves no timer', async () => {
    const server = await rawServer()
    const client: TestClient = new TestClient(server.url, {
      onActivity: ({ type }) => {
        if (type === 'retry') client.connection.close()
      },
    })
    client.isImpatient = false
    const step = client.next()
    ;(await server.next()).answer(503, {}, '')
    expect(await step).toEqual(DONE)
    expect(client.clock.waitsMs).toEqual([])
  })

  test('as often as one likes', async () => {
    const { client } = await at('while it waits for an event')
    for (let i = 0; i < 3; i++) client.connection.close()
    expect(client.all('close').length).toBe(1)
  })
})

test('an aborted signal makes no request', async () => {
  const server = await rawServer()
  const client = new TestClient(server.url, { signal: AbortSignal.abort(new Error('no')) })
  expect((await rejection(client.next())).message).toBe('no')
  await settled()
  expect(server.requests).toEqual([])
})

test('nothing is sent before an event is asked for', async () => {
  const server = await rawServer()
  const client = new TestClient(server.url)
  await settled()
  expect(client.activity).toEqual([])
  expect(server.requests).toEqual([])
})

test('a second consumer is misuse', () => {
  const connection = connect('http://127.0.0.1/')
  expect(connection[Symbol.asyncIterator]()).toBe(connection)
  expect(() => connection[Symbol.asyncIterator]()).toThrow(
    new TypeError('Expected the connection to have one consumer, got a second one'),
  )
})

describe('what is told', () => {
  behaviour('err-event-shape', 'says whether it tries again or has failed', async () => {
    const server = await rawServer()
    const states: [string, string][] = []
    const client: TestClient = new TestClient(server.url, {
      onActivity: ({ type }) => states.push([type, client.connection.state]),
    })
    const step = client.next()
    step.catch(() => {})
    ;(await server.next()).cut()
    ;(await server.next()).answer(404, {}, '')
    await rejection(step)
    expect(states).toEqual([
      ['attempt', 'connecting'],
      ['retry', 'waiting'],
      ['attempt', 'connecting'],
      ['close', 'closed'],
    ])
  })

  behaviour('err-named-error-event', 'keeps to events, whatever they are called', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    const step = client.next()
    ;(await server.next()).stream(
      'event: error\ndata: a\n\nevent: open\ndata: b\n\nevent: close\ndata\n\n',
    )
    expect((await step).value).toEqual({ event: 'error', data: 'a', id: '' })
    expect((await client.next()).value).toEqual({ event: 'open', data: 'b', id: '' })
    expect((await client.next()).value).toEqual({ event: 'close', data: '', id: '' })
    expect(client.connection.state).toBe('open')
  })

  test('comes in the order in which it happens', async () => {
    const server = await rawServer()
    const activity: unknown[] = []
    const heard: string[] = []
    const client = new TestClient(server.url, {
      onComment: (comment) => heard.push(comment),
      onRetry: (ms) => heard.push(String(ms)),
      until: ({ data }) => data === '[DONE]',
      onActivity: ({ type, ...rest }) => {
        activity.push([type, ...Object.values(rest).filter((value) => typeof value !== 'object')])
      },
    })
    const serve = async () => {
      ;(await server.next()).stream(': hi\n\nretry: 5\n\ndata: a\n\n: ho\ndata: b\n\n').end()
      ;(await server.next()).stream('data: [DONE]\n\ndata: c\n\n')
    }
    void serve()
    for await (const { data } of client.connection) activity.push(`got ${data}`)
    expect(activity).toEqual([
      ['attempt', 1, '', false, 'stream'],
      ['open', server.url],
      ['comment', 'hi'],
      ['event'],
      'got a',
      ['comment', 'ho'],
      ['event'],
      'got b',
      ['retry', 5, undefined],
      ['attempt', 2, '', false, 'stream'],
      ['open', server.url],
      ['event'],
      ['close', undefined],
    ])
    expect(heard).toEqual(['hi', '5', 'ho'])
    expect(client.connection.retryMs).toBe(5)
  })

  test.each(['attempt', 'open', 'event', 'comment', 'retry'] as const)(
    'to a listener that throws at %s fails the iteration with it',
    async (type) => {
      const server = await rawServer()
      const broken = new Error('broken')
      const connection = connect(server.url, {
        onActivity: (activity: SseActivity) => {
          if (activity.type === type) throw broken
        },
      })
      const serve = async () => (await server.next()).stream(': a\n\ndata: a\n\n').end()
      void serve()
      const read = async () => {
        for await (const _event of connection);
      }
      expect(await rejection(read())).toBe(broken)
      expect(connection.state).toBe('closed')
    },
  )

  test('to a listener that throws at the close changes nothing', async () => {
    const connection = connect('http://127.0.0.1:1/', {
      onActivity: () => {
        throw new Error('broken')
      },
    })
    connection.close()
    expect(await connection.next()).toEqual(DONE)
  })
})
