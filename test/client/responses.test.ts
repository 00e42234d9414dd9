// The behaviours res-* and redir-*: what becomes of an answer.

import { describe, expect, test } from 'vitest'
import { SseError, type StatusVerdict } from '../../src/client.js'
import { rejection } from '../parsing/sources.js'
import { behaviour, rawServer, TestClient } from './harness.js'

const STREAM = { 'content-type': 'text/event-stream' }

/** Answers the first request of a client with this, and gives what came of it. */
async function answered(
  status: number,
  headers: Record<string, string>,
  body = '',
  options: ConstructorParameters<typeof TestClient>[1] = {},
) {
  const server = await rawServer()
  const client = new TestClient(server.url, options)
  const step = client.next()
  step.catch(() => {})
  const request = await server.next()
  request.answer(status, headers, body)
  return { server, client, step, request }
}

/** What a client makes of an answer that it refuses for good. */
async function refused(status: number, headers: Record<string, string>, body = 'data: page\n\n') {
  const { server, client, step } = await answered(status, headers, body)
  const error = await rejection(step)
  expect(error).toBeInstanceOf(SseError)
  expect(await client.next()).toEqual({ done: true, value: undefined })
  expect(client.connection.state).toBe('closed')
  expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'close'])
  expect(client.all('close')[0]?.error).toBe(error)
  expect(server.requests.length).toBe(1)
  return error
}

describe('an answer', () => {
  behaviour('res-200-ok', 'of an event stream opens the connection', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    expect(client.connection.state).toBe('connecting')
    const step = client.next()
    const request = await server.next()
    expect(client.connection.state).toBe('connecting')
    request.stream()
    await client.seen('open')
    expect(client.connection.state).toBe('open')
    request.write('data: a\n\n')
    expect((await step).value?.data).toBe('a')
    expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'open', 'event'])
  })

  behaviour('res-status-204', 'with 204 ends the iteration in good order', async () => {
    const { server, client, step } = await answered(204, STREAM)
    expect(await step).toEqual({ done: true, value: undefined })
    expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'close'])
    expect(client.all('close')[0]?.error).toBeUndefined()
    expect(server.requests.length).toBe(1)
  })

  for (const status of [205, 210, 299, 404, 410]) {
    behaviour(`res-status-${status}`, 'fails for good, and no event is read', async () => {
      const body = status === 205 ? '' : 'data: page\n\n'
      expect(await refused(status, STREAM, body)).toMatchObject({
        code: 'ERR_SSE_RESPONSE',
        status,
        data: status === 205 ? undefined : body,
      })
    })
  }

  for (const status of [500, 503]) {
    behaviour(
      `res-status-${status}`,
      'is tried again, or fails where onStatus says so',
      async () => {
        const again = await answered(status, STREAM, 'data: page\n\n')
        ;(await again.server.next()).stream('data: a\n\n')
        expect((await again.step).value?.data).toBe('a')
        expect(again.client.all('retry')[0]?.error).toMatchObject({
          status,
          data: 'data: page\n\n',
        })

        const options = { onStatus: () => 'fail' as const }
        const { step } = await answered(status, STREAM, '', options)
        expect(await rejection(step)).toMatchObject({ code: 'ERR_SSE_RESPONSE', status })
      },
    )
  }

  behaviour('res-204-after-open', 'with 204 after a drop ends the iteration', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url)
    const step = client.next()
    ;(await server.next()).stream(': hello\n\n').end()
    ;(await server.next()).answer(204, STREAM, '')
    expect(await step).toEqual({ done: true, value: undefined })
    expect(client.activity.map(({ type }) => type)).toEqual([
      'attempt',
      'open',
      'comment',
      'retry',
      'attempt',
      'close',
    ])
  })

  behaviour('res-mime-bogus', 'of a type that is none fails', async () => {
    expect(await refused(200, { 'content-type': 'x bogus' })).toMatchObject({ status: 200 })
  })

  behaviour('res-mime-other', 'of another type fails', async () => {
    const error = await refused(200, { 'content-type': 'text/x-bogus' })
    expect(error.message).toContain('"text/x-bogus"')
  })

  behaviour('res-mime-prefix', 'of a longer type fails', async () => {
    await refused(200, { 'content-type': 'text/event-streamfoo' })
  })

  behaviour('res-mime-missing', 'without a type fails', async () => {
    await refused(200, {})
  })

  for (const [id, type] of [
    ['res-mime-trailing-semicolon', 'text/event-stream;'],
    ['res-mime-charset', 'text/event-stream;charset=windows-1252'],
    ['res-mime-case', 'Text/Event-Stream; Charset=UTF-8'],
  ] as const) {
    behaviour(id, `of the type ${type} is read, as UTF-8`, async () => {
      const { step } = await answered(200, { 'content-type': type }, 'data: \u2026\n\n')
      expect((await step).value?.data).toBe('\u2026')
    })
  }

  behaviour('res-body-null', 'without a body fails and says so', async () => {
    const client = new TestClient('http://127.0.0.1/', {
      fetch: async () => new Response(null, { headers: STREAM }),
    })
    const error = await rejection(client.next())
    expect(error).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 200 })
    expect(error.message).toBe('The response has no body that can be read')
  })
})

describe('onStatus', () => {
  test.each([408, 425, 429, 502, 504, 599])(
    'is not needed to try again after %i',
    async (status) => {
      const { server, step } = await answered(status, STREAM, 'data: page\n\n')
      ;(await server.next()).stream('data: a\n\n')
      expect((await step).value?.data).toBe('a')
    },
  )

  test('sees every response that is no event stream, and leaves the default with undefined', async () => {
    const seen: unknown[] = []
    const server = await rawServer()
    const client = new TestClient(server.url, {
      onStatus: ({ status, headers }, { number }) => {
        seen.push([number, status, headers.get('content-type')])
        return status === 200 ? 'retry' : undefined
      },
    })
    const step = client.next()
    ;(await server.next()).answer(200, { 'content-type': 'text/html' }, 'Log in')
    ;(await server.next()).answer(503, {}, '')
    ;(await server.next()).answer(404, {}, '')
    expect(await rejection(step)).toMatchObject({ status: 404 })
    expect(seen).toEqual([
      [1, 200, 'text/html'],
      [2, 503, null],
      [3, 404, null],
    ])
  })

  test("with 'end' ends the iteration in good order", async () => {
    const { step } = await answered(410, {}, 'gone', { onStatus: () => 'end' })
    expect(await step).toEqual({ done: true, value: undefined })
  })

  test('fails the iteration with what it throws, and with an answer that is none', async () => {
    const broken = new Error('broken')
    const throws = () => {
      throw broken
    }
    expect(await rejection((await answered(500, {}, '', { onStatus: throws })).step)).toBe(broken)
    const wrong = await answered(500, {}, '', { onStatus: () => 'again' as never })
    expect((await rejection(wrong.step)).message).toBe(
      'Expected what `onStatus` gives to be one of "retry", "fail", "end", got "again"',
    )
  })

  behaviour('rec-auth-401', 'refreshes a token once, then fails', async () => {
    const server = await rawServer()
    const client = new TestClient(server.url, {
      request: ({ error }) => ({
        headers: { authorization: (error as SseError)?.status === 401 ? 'fresh' : 'stale' },
      }),
      onStatus: ({ status }, { error }) =>
        status === 401 && (error as SseError)?.status !== 401 ? 'retry' : undefined,
    })
    const step = client.next()
    for (const token of ['stale', 'fresh']) {
      const request = await server.next()
      expect(request.values('authorization')).toEqual([token])
      request.answer(401, {}, '')
    }
    expect(await rejection(step)).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 401 })
    expect(server.requests.length).toBe(2)
  })
})

describe('a refused response', () => {
  for (const [verdict, status] of [
    ['retry', 503],
    ['fail', 404],
    ['end', 410],
  ] as const) {
    behaviour('close-invalid-response', `has its body cancelled: ${verdict}`, async () => {
      const server = await rawServer()
      const client = new TestClient(server.url, { onStatus: () => verdict })
      client.ask()
      const request = await server.next()
      request.answer(status, STREAM)
      // More than any excerpt, and it never ends.
      request.write('x'.repeat(100_000))
      await request.gone
    })
  }
})

test.each(['retry', 'fail', 'end', 'an error'])(
  'a refused response has its body cancelled without the help of a signal: %s',
  async (verdict) => {
    let isCancelled = false
    const client = new TestClient('http://127.0.0.1/', {
      onStatus: () => {
        if (verdict === 'an error') throw new Error(verdict)
        return verdict as StatusVerdict
      },
      reconnect: false,
      fetch: async () => {
        const body = new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
          cancel: () => {
            isCancelled = true
          },
        })
        return new Response(body, { status: 410 })
      },
    })
    await client.next().catch(() => {})
    expect(isCancelled).toBe(true)
  },
)

test('a refused response whose body neither comes nor can be cancelled is not waited for for ever', async () => {
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield await new Promise<never>(() => {})
  }
  const client = new TestClient('http://127.0.0.1/', {
    idleTimeoutMs: 5_000,
    fetch: async () => ({ status: 503, headers: new Headers(), body: silent() }),
  })
  client.ask()
  await client.seen('attempt')
  await new Promise(setImmediate)
  client.clock.advance(5_000)
  expect((await client.seen('retry')).error).toMatchObject({ code: 'ERR_SSE_TIMEOUT' })
})

describe('a redirect', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    behaviour(`redir-${status}`, 'is followed without a word', async () => {
      const { server, client, step } = await answered(status, { location: '/other' })
      const request = await server.next()
      expect(request.path).toBe('/other')
      request.stream('data: a\n\n')
      expect((await step).value?.data).toBe('a')
      expect(client.activity.map(({ type }) => type)).toEqual(['attempt', 'open', 'event'])
    })
  }

  behaviour('redir-no-location', 'to nowhere fails once, and is not tried again', async () => {
    expect(await refused(301, {})).toMatchObject({ code: 'ERR_SSE_RESPONSE', status: 301 })

    const server = await rawServer()
    const client = new TestClient(server.url)
    const step = client.next()
    step.catch(() => {})
    const serve = async () => {
      for (;;) (await server.next()).answer(307, { location: '' }, '')
    }
    void serve()
    const error = await rejection(step)
    expect(error).toMatchObject({ code: 'ERR_SSE_CONNECTION' })
    expect((error.cause as Error & { cause: Error }).cause.message).toMatch(/redirect/)
    expect(client.all('attempt').length).toBe(1)
  })

  // What the platforms say. Some quote the host or the URL, where the words mean nothing.
  test.each([
    ['Node', true, Object.assign(new Error('redirect count exceeded'))],
    ['Node', true, new Error('URL scheme must be a HTTP(S) scheme')],
    ['Node', true, new Error('bad port')],
    ['Bun', true, { code: 'TooManyRedirects', message: 'The response redirected too often' }],
    ['Deno', true, new Error('Maximum number of redirects (20) reached')],
    ['Deno', true, new Error('Requests to port 1 are blocked')],
    ['Node', false, { code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND redirect.example' }],
    ['Deno', false, new Error('error sending request for url (http://scheme.example/redirect):')],
    ['a browser', false, undefined],
  ])('that fails in %s: that it is futile is %o for %o', async (_platform, isFutile, cause) => {
    const client = new TestClient('http://127.0.0.1/', {
      reconnect: { maxAttempts: 2 },
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause })),
    })
    const { code } = await rejection(client.next())
    expect(code).toBe(isFutile ? 'ERR_SSE_CONNECTION' : 'ERR_SSE_GAVE_UP')
    expect(client.all('attempt').length).toBe(isFutile ? 1 : 2)
  })

  test('in the words of `request`, which failed, is another matter', async () => {
    const client = new TestClient('http://127.0.0.1/', {
      reconnect: { maxAttempts: 3 },
      fetch: () => Promise.reject(new TypeError('fetch failed')),
      request: ({ number }) => {
        if (number > 1) throw new Error('too many redirects at the login')
        return {}
      },
    })
    expect(await rejection(client.next())).toMatchObject({ code: 'ERR_SSE_GAVE_UP' })
  })

  behaviour('redir-origin', 'tells where the answer came from', async () => {
    const [first, second] = [await rawServer(), await rawServer()]
    const client = new TestClient(first.url)
    client.ask()
    ;(await first.next()).answer(302, { location: `${second.url}there` }, '')
    ;(await second.next()).stream()
    expect((await client.seen('open')).url).toBe(`${second.url}there`)
  })

  behaviour('redir-reconnect-url', 'is asked for anew at the next attempt', async () => {
    const { server, client, step } = await answered(307, { location: '/other' })
    ;(await server.next()).stream('data: a\n\n').end()
    await step
    client.ask()
    expect((await server.next()).path).toBe('/')
  })
})

test('an open response tells its headers', async () => {
  const { client, step } = await answered(200, { ...STREAM, 'x-node': '7' }, 'data: a\n\n')
  await step
  expect(client.all('open')[0]?.headers.get('x-node')).toBe('7')
})

test('a fetch that does not know signals has its late answer put away', async () => {
  const cancelled: string[] = []
  let answer: (response: Response) => void = () => {}
  const client = new TestClient('http://127.0.0.1/', {
    fetch: () => new Promise<Response>((resolve) => (answer = resolve)),
  })
  const step = client.next()
  await client.seen('attempt')
  await new Promise(setImmediate)
  client.connection.close()
  expect(await step).toEqual({ done: true, value: undefined })
  const body = new ReadableStream({ cancel: () => void cancelled.push('cancelled') })
  answer(new Response(body, { headers: STREAM }))
  await new Promise(setImmediate)
  expect(cancelled).toEqual(['cancelled'])
})
