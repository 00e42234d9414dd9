// The built declarations as a strict application's compiler sees them, library checks included.

import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const CODE = `
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { PassThrough } from 'node:stream'
import { type ChannelEvent, type CloseInfo, closeAllStreams, defineEvents, type DiagnosticsMessages, encodeEvent, type EventOf, SseChannel, SseError, SseStream, streamStats, text } from 'eventwire'
import type { Express } from 'express'
import { openStream as openOnExpress, sse } from 'eventwire/express'
import Fastify from 'fastify'
import plugin, { openStream as openOnFastify, stop as stopOnFastify } from 'eventwire/fastify'
import { openStream as openAsFetch, type StreamedResponse } from 'eventwire/fetch'
import type Koa from 'koa'
import { openStream as openOnKoa, sse as koaSse } from 'eventwire/koa'
import { acceptsEventStream, lastEventIdOf, openStream, refuse, stop } from 'eventwire/node'
import { type ParseOptions, parseEvents, type ReceivedEvent, SseError as ParserError, SseParserStream } from 'eventwire/parser'
import { connect, type ConnectOptions, type SseActivity, SseError as ClientError } from 'eventwire/client'
import * as v from 'valibot'
import { type RedisClient, RedisLog } from 'eventwire/redis'
import { createTestStream, type TestStream } from 'eventwire/testing'
import { subscribe } from 'node:diagnostics_channel'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5'

interface Feed { price: { cents: number }; message: string }

createServer((req, res) => {
  const stream = openStream<Feed>(req, res, { heartbeatMs: false, headers: { 'x-a': ['b'] } })
  const sent: boolean = stream.send({ event: 'price', data: { cents: 1 } })
  // @ts-expect-error no such event
  stream.send({ event: 'prize' })
  // @ts-expect-error no such option
  openStream(req, res, { heartbeat: 5 })
  const closed: Promise<CloseInfo> = stream.closed
  void [sent, closed, acceptsEventStream(req), lastEventIdOf(req).length]
})
createSecureServer((req, res) => {
  stop(res)
  refuse(res, { retryAfterMs: 5 })
  openStream(req, res)
})

declare const app: Express
app.use(sse({ retryMs: 1_000 }))
app.get('/', (req, res) => {
  const stream: SseStream<Feed> = res.sse<Feed>({ status: 200 })
  // @ts-expect-error no such event
  stream.send({ event: 'prize' })
  openOnExpress<Feed>(req, res).send({ data: 'text' })
})

async function fastify() {
  const server = Fastify({ http2: true })
  await server.register(plugin, { retryMs: 5, shutdown: { withinMs: 5 } })
  server.get<{ Querystring: { a: string } }>('/', async (request, reply) => {
    const stream: SseStream<Feed> = reply.sse<Feed>({ status: 200 })
    // @ts-expect-error no such event
    stream.send({ event: 'prize' })
    // @ts-expect-error no such option
    reply.sse({ heartbeat: 5 })
    return reply
  })
  server.get('/2', (request, reply) => {
    openOnFastify<Feed>(request, reply).send({ data: 'text' })
    return reply
  })
  server.get('/3', (_request, reply) => {
    stopOnFastify(reply)
    return reply
  })
}
void fastify

declare const koa: Koa
koa.use(koaSse({ retryMs: 1_000 }))
koa.use((ctx) => {
  const stream: SseStream<Feed> = ctx.sse<Feed>({ status: 200 })
  // @ts-expect-error no such event
  stream.send({ event: 'prize' })
  openOnKoa<Feed>(ctx).send({ data: 'text' })
})

export function GET(request: Request): Response {
  const { stream, response }: StreamedResponse<Feed> = openAsFetch<Feed>(request)
  // @ts-expect-error no such event
  stream.send({ event: 'prize' })
  return response
}
const events = defineEvents({
  price: v.object({ cents: v.number() }),
  at: v.pipe(v.string(), v.transform((iso) => new Date(iso))),
  token: text(),
  done: null,
})
createServer((req, res) => {
  const stream = openStream(req, res, { events, validate: true })
  stream.send({ event: 'at', data: '2020-01-01' })
  void new SseChannel({ events }).publish({ event: 'price', data: { cents: 5 } })
  // @ts-expect-error the data is of another type
  stream.send({ event: 'price', data: { cents: 'five' } })
  // @ts-expect-error no such event
  void new SseChannel({ events }).publish({ event: 'prize' })
})
const one = (data: string): EventOf<typeof events> => ({ event: 'token', data })
const announce = (event: ChannelEvent<typeof events>) => new SseChannel({ events }).publish(event)
const told = (event: ReceivedEvent<typeof events>) => event.event === 'at' && event.data.getTime()
// @ts-expect-error no such event
void announce({ event: 'entries' })
void [one, announce, told]
async function read(response: Response) {
  const options = { events, onUnknown: 'skip' } as const
  for await (const event of parseEvents(response, options)) {
    if (event.event === 'at') event.data.getTime()
    else if (event.event === 'price') event.data.cents.toFixed()
    else if (event.event === 'token') event.data.trim()
    else {
      const none: undefined = event.data
      void none
    }
    // @ts-expect-error no such event
    if (event.event === 'prize') return
  }
  const plain: ParseOptions = { maxEventBytes: 5 }
  for await (const { data } of parseEvents(new PassThrough(), plain)) data.trim()
  const piped = response.body?.pipeThrough(new SseParserStream({ events })).getReader()
  const step = await piped?.read()
  const same: ParserError = new SseError('ERR_SSE_INVALID', '')
  return [step?.value?.event === 'done', same.issues?.[0]?.message, same.status]
}
void read

async function follow(signal: AbortSignal) {
  const onActivity = (activity: SseActivity) => {
    if (activity.type === 'retry') activity.delayMs.toFixed()
    // @ts-expect-error no such activity
    if (activity.type === 'end') return
  }
  const options: ConnectOptions = { fetch, signal, onActivity, delivery: 'auto', reconnect: { maxAttempts: 3 } }
  const connection = connect(new URL('http://localhost'), {
    events,
    headers: [['a', 'b']],
    request: async ({ number, error }) => ({ url: String(number), keepalive: error !== undefined }),
    onStatus: ({ status, headers }) => (status === 401 && headers.get('a') ? 'retry' : undefined),
  })
  for await (const event of connection) {
    if (event.event === 'at') event.data.getTime()
    // @ts-expect-error no such event
    if (event.event === 'prize') connection.close()
  }
  for await (const { data } of connect('http://localhost', options)) data.trim()
  // @ts-expect-error the connection brings its own signal
  connect('http://localhost', { request: () => ({ signal }) })
  // @ts-expect-error no such option
  connect('http://localhost', { reconnect: { base: 5 } })
  const same: ClientError = new SseError('ERR_SSE_GAVE_UP', '')
  const state: 'connecting' | 'open' | 'waiting' | 'closed' = connection.state
  return [same, state]
}
void follow

/** A function over streams of any map. */
function close<M extends Record<keyof M, unknown>>(stream: SseStream<M>): Promise<CloseInfo> {
  return stream.end()
}

async function main(error: unknown) {
  await using stream = new SseStream<{ a: 1 }>(new PassThrough())
  await stream.sendAll(new PassThrough(), (text) => ({ event: 'a', data: text ? 1 : 1 }))
  await close(stream)
  if (error instanceof SseError && error.code === 'ERR_SSE_HEAD_SENT') encodeEvent({ data: 1 })
  const number: number = await closeAllStreams({ retryMs: [1, 2] })
  return number + streamStats().closed.client
}
void main

const clients: RedisClient[] = [
  createClient(),
  createClient({ RESP: 2 }),
  createCluster({ rootNodes: [] }),
  createClient5(),
  createCluster5({ rootNodes: [] }),
  new Redis({ lazyConnect: true }),
  new Cluster([], { lazyConnect: true }),
]
new SseChannel<Feed>({ name: 'a', log: new RedisLog(createClient(), { timeoutMs: 5 }) })
const client: TestStream<Feed> = createTestStream<Feed>({ heartbeatMs: false })
client.stream.send({ event: 'price', data: { cents: 1 } })
// @ts-expect-error no such event
client.stream.send({ event: 'prize' })
const [first] = client.events()
first?.data.trim()
const typed = createTestStream({ events })
typed.stream.send({ event: 'at', data: '2020-01-01' })
for (const event of typed.events()) if (event.event === 'at') event.data.getTime()
// @ts-expect-error no such option
createTestStream({ heartbeat: 5 })
subscribe('eventwire:stream:close', (message) => {
  const { stream, reason, error } = message as DiagnosticsMessages['eventwire:stream:close']
  return [stream.bufferedBytes, reason === 'client', error?.message]
})
// @ts-expect-error no client
new RedisLog({ get: () => {} })
void clients
`

const CONSUMERS: [string, string, ts.CompilerOptions][] = [
  ['an ES module under nodenext', 'consumer.mts', { module: ts.ModuleKind.NodeNext }],
  ['CommonJS under nodenext', 'consumer.cts', { module: ts.ModuleKind.NodeNext }],
  [
    'a bundler',
    'consumer.ts',
    { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  ],
]

describe('the built types', () => {
  test.each(CONSUMERS)(
    'are right for %s',
    (_what, name, options) => {
      const file = ROOT + name
      const all: ts.CompilerOptions = {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        types: ['node'],
        ...options,
      }
      const host = ts.createCompilerHost(all)
      const { getSourceFile, fileExists } = host
      host.fileExists = (path) => path === file || fileExists(path)
      host.getSourceFile = (path, target, ...rest) =>
        path === file
          ? ts.createSourceFile(path, CODE, target)
          : getSourceFile(path, target, ...rest)
      const problems = ts
        .getPreEmitDiagnostics(ts.createProgram([file], all, host))
        .filter(({ file: at }) => !at?.fileName.includes('node_modules'))
      expect(
        problems.map(({ file: at, messageText }) => {
          return `${at?.fileName.slice(ROOT.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
        }),
      ).toEqual([])
      // A compiler on a busy machine takes its time.
    },
    180_000,
  )
})
