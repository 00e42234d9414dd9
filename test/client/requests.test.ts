// The behaviours req-*: what is sent.

import { describe, expect, test } from 'vitest'
import { connect } from '../../src/client.js'
import { all, rejection } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'

/** Has a client make two requests, and gives both. */
async function twoRequests(options: ConstructorParameters<typeof TestClient>[1] = {}) {
  const server = await rawServer()
  const client = new TestClient(server.url, options)
  client.ask()
  const first = await server.next()
  first.stream(': hello\n\n').end()
  return [first, await server.next()] as const
}

describe('a request', () => {
  behaviour('req-accept', 'every request asks for an event stream', async () => {
    for (const request of await twoRequests()) {
      expect(request.values('accept')).toEqual(['text/event-stream'])
    }
  })

  behaviour('req-cache', 'every request asks caches to keep out', async () => {
    for (const request of await twoRequests()) {
      expect(request.values('cache-control')).toEqual(['no-cache'])
    }
  })

  behaviour('req-get', 'it is a GET unless told otherwise', async () => {
    for (const { method } of await twoRequests()) expect(method).toBe('GET')
  })

  behaviour('req-no-last-event-id', 'without an id there is no Last-Event-ID', async () => {
    for (const request of await twoRequests()) expect(request.values('last-event-id')).toEqual([])
  })

  behaviour(
    'req-initial-last-event-id',
    'a starting id is sent, and counts as received',
    async () => {
      const server = await rawServer()
      const client = new TestClient(server.url, { lastEventId: 'start' })
      expect(client.connection.lastEventId).toBe('start')
      const step = client.next()
      const first = await server.next()
      expect(first.values('last-event-id')).toEqual(['start'])
      first.stream('data: a\n\n').end()
      expect((await step).value).toEqual({ event: 'message', data: 'a', id: 'start' })
      client.ask()
      expect((await server.next()).values('last-event-id')).toEqual(['start'])
    },
  )

  behaviour('req-custom-headers', "the application's headers are sent each time", async () => {
    const headers = { 'x-a': 'b', accept: 'text/event-stream, application/json' }
    for (const request of await twoRequests({ headers })) {
      expect(request.values('x-a')).toEqual(['b'])
      expect(request.values('accept')).toEqual(['text/event-stream, application/json'])
    }
  })

  behaviour('req-body-post', 'method, body and content type are sent each time', async () => {
    const options = {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    }
    for (const request of await twoRequests(options)) {
      expect(request.method).toBe('POST')
      expect(request.body).toBe('{"a":1}')
      expect(request.values('content-type')).toEqual(['application/json'])
    }
  })

  behaviour('req-bad-url', 'a URL that is none throws at once', async () => {
    for (const url of ['', '/relative', 'http://', 'http://a:b', 'htp://a', 'file:///a', 5]) {
      expect(() => connect(url as string)).toThrow(TypeError)
      expect(() => connect(url as string)).toThrow(
        /^Expected the URL to be an absolute one of http: or https:, got /,
      )
    }
  })
})

describe('a request that cannot be sent', () => {
  // What it sent was "[object Object]".
  test.each([
    [{ question: 'Why?' }, 'an object with the keys ["question"]'],
    [Object.create(null), 'an object with the keys []'],
    [['Why?'], 'an instance of Array'],
  ])('is one with the body %j, which `fetch` would make text of', async (body, got) => {
    const message = `Expected the body to be text, bytes, or what else \`fetch\` sends as it is, got ${got}`
    expect(() => connect('http://127.0.0.1', { method: 'POST', body: body as never })).toThrow(
      new TypeError(message),
    )
    const request = () => ({ method: 'POST', body: body as never })
    await expect(connect('http://127.0.0.1', { request }).next()).rejects.toThrow(message)
  })

  test.each([
    ['a header name', { headers: { 'a b': '' } }],
    ['a header value', { headers: { a: '\u2026' } }],
    ['a method', { method: 'A B' }],
    ['a body with GET', { body: 'x' }],
    ['headers', { headers: 5 }],
  ])('is misuse, told at once: %s', (_what, options) => {
    expect(() => connect('http://127.0.0.1/', options as never)).toThrow(TypeError)
    expect(() => connect('http://127.0.0.1/', options as never)).toThrow(
      /^Expected the request to be one that can be sent, got: ./,
    )
  })

  test('is misuse where a URL has a password in it', () => {
    expect(() => connect('http://a:b@127.0.0.1/')).toThrow(/^Expected the request to be one that/)
  })

  test('is misuse, and no failed attempt, where `request` makes it', async () => {
    const client = new TestClient('http://127.0.0.1:1/', {
      request: () => ({ headers: { 'a b': '' } }),
    })
    expect(await rejection(client.next())).toBeInstanceOf(TypeError)
    expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'close'])
  })

  async function* generated() {
    yield new Uint8Array(1)
  }

  test.each([
    ['a ReadableStream', new ReadableStream()],
    ['an async iterable', generated()],
    ['an iterator', [new Uint8Array(1)].values()],
  ])('again is misuse, told at once: %s', (_what, body) => {
    expect(() => connect('http://127.0.0.1/', { method: 'POST', body: body as never })).toThrow(
      /^Expected `body` to be one that can be sent again; give others by `request`, got /,
    )
  })

  // They would be sent at no attempt at all, with the token in them.
  test('again is misuse, told at once: headers that are an iterator', () => {
    const headers = new Map([['authorization', 'Bearer x']]).entries()
    expect(() => connect('http://127.0.0.1/', { headers: headers as never })).toThrow(
      /^Expected `headers` to be one that can be sent again; give others by `request`, got /,
    )
  })

  test.each([
    ['text', 'a', 'a'],
    ['bytes', new TextEncoder().encode('a'), 'a'],
    ['a Blob', new Blob(['a']), 'a'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' }), 'a=b'],
  ])('again is not: %s', async (_what, body, sent) => {
    for (const request of await twoRequests({ method: 'POST', body }))
      expect(request.body).toBe(sent)
  })
})

describe('request()', () => {
  test('makes URL, headers, method and body afresh for each attempt', async () => {
    const server = await rawServer()
    const seen: unknown[] = []
    const client = new TestClient(server.url, {
      headers: { 'x-always': 'a', 'x-token': 'none' },
      request: async ({ number, lastEventId, error, signal }) => {
        seen.push([
          number,
          lastEventId,
          (error as { code?: string } | undefined)?.code,
          signal.aborted,
        ])
        return {
          url: new URL(`/${number}`, server.url),
          method: 'POST',
          headers: { 'X-Token': `t${number}` },
          body: new Blob([`body ${number}`]).stream(),
          duplex: 'half',
        } as never
      },
    })
    const step = client.next()
    const first = await server.next()
    first.answer(503, {}, 'busy')
    const second = await server.next()
    second.stream('id: 7\ndata: a\n\n').end()
    await step
    client.ask()
    const third = await server.next()
    for (const [index, request] of [first, second, third].entries()) {
      expect(request.path).toBe(`/${index + 1}`)
      expect(request.method).toBe('POST')
      expect(request.values('x-always')).toEqual(['a'])
      expect(request.values('x-token')).toEqual([`t${index + 1}`])
    }
    expect(third.values('last-event-id')).toEqual(['7'])
    expect(seen).toEqual([
      [1, '', undefined, false],
      [2, '', 'ERR_SSE_RESPONSE', false],
      [3, '7', undefined, false],
    ])
  })

  test('has a body sent again that the options give, where it gives none', async () => {
    const options = { method: 'PUT', body: 'x', request: () => ({ headers: { a: 'b' } }) }
    for (const request of await twoRequests(options)) {
      expect([request.method, request.body, ...request.values('a')]).toEqual(['PUT', 'x', 'b'])
    }
  })

  test('may give a body that is used up, and need not say that it is sent in one way', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, {
      method: 'POST',
      request: ({ number }) => ({ body: new Blob([`body ${number}`]).stream() }),
    })
    client.ask()
    for (const body of ['body 1', 'body 2']) {
      const request = await server.next()
      expect(request.body).toBe(body)
      request.answer(503, {}, '')
    }
  })

  test('is misuse if it gives a body for the second time that was used up at the first', async () => {
    const server = await rawServer()
    const body = new Blob(['a']).stream()
    const client = new TestClient(server.url, { method: 'POST', request: () => ({ body }) })
    const step = client.next()
    step.catch(() => {})
    ;(await server.next()).answer(503, {}, '')
    const error = await rejection(step)
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(/^Expected the body to be a new one each time, got an instance/)
  })

  // Its headers would be lost without a word.
  test.each([
    [new Request('http://127.0.0.1/'), 'options of `fetch`, got an instance of Request'],
    ['http://127.0.0.1/', 'an object, got "http://127.0.0.1/"'],
  ])('is misuse if it gives %o', async (given, expected) => {
    // @ts-expect-error TypeScript knows, too.
    const client = new TestClient('http://127.0.0.1:1/', { request: () => given })
    const error = await rejection(client.next())
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toBe(`Expected what \`request\` gives to be ${expected}`)
  })

  test('fails the iteration with its own error if it never worked', async () => {
    const broken = new Error('no token')
    for (const request of [
      () => Promise.reject(broken),
      () => {
        throw broken
      },
    ]) {
      const client = new TestClient('http://127.0.0.1:1/', { request })
      expect(await rejection(client.next())).toBe(broken)
      expect(client.connection.state).toBe('closed')
    }
  })

  test('is a failed attempt like any other if it fails later: the network may be away', async () => {
    const server = await rawServer()
    const broken = new Error('no network')
    const client = new TestClient(server.url, {
      request: ({ number }) => (number === 2 ? Promise.reject(broken) : {}),
    })
    const step = client.next()
    ;(await server.next()).cut()
    ;(await server.next()).stream('data: a\n\n')
    expect((await step).value?.data).toBe('a')
    expect(client.all('retry')[1]?.error).toMatchObject({
      code: 'ERR_SSE_CONNECTION',
      cause: broken,
    })
  })

  test('may go by the id itself, which a header need not be able to carry', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, {
      lastEventId: ' a ',
      request: ({ lastEventId }) => ({
        url: `${server.url}?after=${encodeURIComponent(lastEventId)}`,
      }),
    })
    client.ask()
    const request = await server.next()
    expect(request.path).toBe('/?after=%20a%20')
    expect(request.values('last-event-id')).toEqual([])
  })
})

describe('a fetch of the application', () => {
  test('makes the requests, in the way that the platform would', async () => {
    const calls: [string, RequestInit][] = []
    const fetch = async (url: string, init: RequestInit) => {
      calls.push([url, init])
      return new Response('data: a\n\n', { headers: { 'content-type': 'text/event-stream' } })
    }
    const connection = connect('app://feed', {
      fetch,
      onEnd: 'finish',
      request: () => ({ mode: 'cors' }),
    })
    expect(await all(connection)).toEqual([{ event: 'message', data: 'a', id: '' }])
    const [[url, init]] = calls as [[string, RequestInit]]
    expect(url).toBe('app://feed')
    expect(init.mode).toBe('cors')
    expect(init.signal).toBeInstanceOf(AbortSignal)
    expect(new Headers(init.headers).get('accept')).toBe('text/event-stream')
  })

  test('is misuse if it gives no response', async () => {
    const client = new TestClient('http://127.0.0.1/', { fetch: async () => undefined as never })
    expect(await rejection(client.next())).toEqual(
      new TypeError('Expected what `fetch` gives to be a Response, got undefined'),
    )
  })

  test('is the only one that looks into a body', async () => {
    let looks = 0
    const body = {
      toString: () => {
        looks++
        return 'x'
      },
    }
    const fetch = async () => new Response(null, { status: 204 })
    await all(connect('http://127.0.0.1/', { method: 'POST', body: body as never, fetch }))
    expect(looks).toBe(0)
  })

  behaviour(
    'req-credentials-default',
    'credentials are left at the default of fetch, same-origin',
    async () => {
      expect(await credentialsOf({})).toBeUndefined()
    },
  )

  behaviour(
    'req-credentials-include',
    'credentials are included where `request` says so',
    async () => {
      expect(await credentialsOf({ request: () => ({ credentials: 'include' }) })).toBe('include')
    },
  )

  async function credentialsOf(options: object) {
    let credentials: unknown
    const fetch = async (_url: string, init: RequestInit) => {
      credentials = init.credentials
      return new Response(null, { status: 204 })
    }
    await all(connect('http://127.0.0.1/', { ...options, fetch, events: undefined }))
    return credentials
  }
})
