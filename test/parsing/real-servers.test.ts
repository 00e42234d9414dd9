// What servers that are in use really write, read over HTTP with fetch.

import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fastifySSE, type SSEReplyInterface } from '@fastify/sse'
import { createSession } from 'better-sse'
import fastify from 'fastify'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { afterEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineEvents, parseEvents } from '../../src/parser.js'
import { all } from './sources.js'

let server: Server | undefined

/** Serves with a listener; gives the URL. */
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Serves text, in chunks that end anywhere. */
const serveText = (text: string, size = 23) =>
  serve(async (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) {
      res.write(bytes.subarray(at, at + size))
      await new Promise((resolve) => setImmediate(resolve))
    }
    res.end()
  })

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

describe('an API for chats in the shape of OpenAI', () => {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })}\n\n`
  const events = defineEvents({
    message: z.object({
      choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })),
    }),
  })
  const text = [
    ': OPENROUTER PROCESSING\n\n',
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Grüß' }),
    chunk({ content: ' dich 👋\n' }),
    chunk({}, 'stop'),
  ].join('')

  const read = async (url: string, unterminated: 'discard' | 'dispatch' = 'discard') => {
    const chat = parseEvents(await fetch(url, { method: 'POST' }), {
      events,
      unterminated,
      until: ({ data }) => data === '[DONE]',
    })
    return (await all(chat)).map(({ data }) => data.choices[0]?.delta.content ?? '').join('')
  }

  test('is read up to its [DONE], whatever comes behind', async () => {
    const url = await serveText(`${text}data: [DONE]\n\ndata: not JSON\n\n`)
    expect(await read(url)).toBe('Grüß dich 👋\n')
  })

  test('is read where it ends without a blank line', async () => {
    const url = await serveText(`${text}data: [DONE]`)
    expect(await read(url, 'dispatch')).toBe('Grüß dich 👋\n')
    const cut = await serveText(text.trimEnd())
    expect(await read(cut, 'dispatch')).toBe('Grüß dich 👋\n')
  })
})

describe('an API for chats in the shape of Anthropic', () => {
  test('is read with its names and pings', async () => {
    const named = (type: string, rest: object = {}) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
    const delta = (words: string) =>
      named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: words } })
    const url = await serveText(
      [
        named('message_start', { message: { id: 'msg_1', role: 'assistant', content: [] } }),
        named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        'event: ping\ndata: {"type": "ping"}\n\n',
        delta('Good'),
        delta(' day'),
        named('content_block_stop', { index: 0 }),
        named('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
        named('message_stop'),
      ].join(''),
    )
    const events = defineEvents({
      content_block_delta: z.object({ delta: z.object({ text: z.string() }) }),
      message_delta: z.object({ delta: z.object({ stop_reason: z.string() }) }),
      message_stop: z.object({}),
      ping: null,
    })
    const seen: unknown[] = []
    for await (const event of parseEvents(await fetch(url), { events, onUnknown: 'skip' })) {
      if (event.event === 'content_block_delta') seen.push(event.data.delta.text)
      else if (event.event === 'message_delta') seen.push(event.data.delta.stop_reason)
      else seen.push(event.event)
    }
    expect(seen).toEqual(['ping', 'Good', ' day', 'end_turn', 'message_stop'])
  })
})

describe('servers in use', () => {
  const events = defineEvents({ price: z.object({ cents: z.number() }), message: z.string() })

  test('better-sse', async () => {
    const url = await serve(async (req, res) => {
      const session = await createSession(req, res, { retry: 3_000 })
      session.push({ cents: 5 }, 'price', '17')
      session.push('two\nlines', 'message', '18')
      res.end()
    })
    const reader = parseEvents(await fetch(url), { events })
    expect(await all(reader)).toEqual([
      { event: 'price', data: { cents: 5 }, id: '17' },
      { event: 'message', data: 'two\nlines', id: '18' },
    ])
    expect(reader.retryMs).toBe(3_000)
  })

  test('streamSSE of Hono', async () => {
    const app = new Hono().get('/', (context) =>
      streamSSE(context, async (stream) => {
        await stream.writeSSE({ event: 'price', data: '{"cents":5}', id: '17', retry: 3_000 })
        await stream.writeSSE({ data: '"two\\nlines"' })
        await stream.writeSSE({ event: 'raw', data: 'two\nlines' })
      }),
    )
    const reader = parseEvents(await app.request('/'), { events })
    expect(await all(reader)).toEqual([
      { event: 'price', data: { cents: 5 }, id: '17' },
      { event: 'message', data: 'two\nlines', id: '17' },
      { event: 'raw', data: 'two\nlines', id: '17' },
    ])
    expect(reader.retryMs).toBe(3_000)
  })

  test('@fastify/sse', async () => {
    const app = fastify()
    await app.register(fastifySSE)
    app.get('/', { sse: true }, async (_request, reply) => {
      // Of its property of that name, and ours, the compiler knows one.
      const sse = reply.sse as unknown as SSEReplyInterface
      await sse.send({ event: 'price', data: { cents: 5 }, id: '17', retry: 3_000 })
      await sse.send({ data: 'two\nlines' })
      sse.close()
    })
    try {
      const url = await app.listen({ host: '127.0.0.1', port: 0 })
      const response = await fetch(url, { headers: { accept: 'text/event-stream' } })
      const reader = parseEvents(response, { events })
      expect(await all(reader)).toEqual([
        { event: 'price', data: { cents: 5 }, id: '17' },
        { event: 'message', data: 'two\nlines', id: '17' },
      ])
      expect(reader.retryMs).toBe(3_000)
    } finally {
      await app.close()
    }
  })

  test('SseEmitter of Spring, which writes no space behind the colon', async () => {
    const url = await serveText(
      'event:price\nid:17\nretry:3000\n:from the emitter\ndata:{"cents":5}\n\ndata:"two\\nlines"\n\n',
    )
    const comments: string[] = []
    const reader = parseEvents(await fetch(url), {
      events,
      onComment: (comment) => comments.push(comment),
    })
    expect(await all(reader)).toEqual([
      { event: 'price', data: { cents: 5 }, id: '17' },
      { event: 'message', data: 'two\nlines', id: '17' },
    ])
    expect(reader.retryMs).toBe(3_000)
    expect(comments).toEqual(['from the emitter'])
  })
})
