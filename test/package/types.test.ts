// The built declarations as a strict application's compiler sees them, library checks included.

import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const CODE = `
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { PassThrough } from 'node:stream'
import { type CloseInfo, closeAllStreams, encodeEvent, SseChannel, SseError, SseStream, streamStats } from 'eventwire'
import type { Express } from 'express'
import { openStream as openOnExpress, sse } from 'eventwire/express'
import { acceptsEventStream, openStream, refuse, stop } from 'eventwire/node'
import { type RedisClient, RedisLog } from 'eventwire/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

interface Feed { price: { cents: number }; message: string }

createServer((req, res) => {
  const stream = openStream<Feed>(req, res, { heartbeatMs: false, headers: { 'x-a': ['b'] } })
  const sent: boolean = stream.send({ event: 'price', data: { cents: 1 } })
  // @ts-expect-error no such event
  stream.send({ event: 'prize' })
  // @ts-expect-error no such option
  openStream(req, res, { heartbeat: 5 })
  const closed: Promise<CloseInfo> = stream.closed
  void [sent, closed, acceptsEventStream(req)]
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
  new Redis({ lazyConnect: true }),
  new Cluster([], { lazyConnect: true }),
]
new SseChannel<Feed>({ name: 'a', log: new RedisLog(createClient(), { timeoutMs: 5 }) })
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
  test.each(CONSUMERS)('are right for %s', (_what, name, options) => {
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
      path === file ? ts.createSourceFile(path, CODE, target) : getSourceFile(path, target, ...rest)
    const problems = ts
      .getPreEmitDiagnostics(ts.createProgram([file], all, host))
      .filter(({ file: at }) => !at?.fileName.includes('node_modules'))
    expect(
      problems.map(({ file: at, messageText }) => {
        return `${at?.fileName.slice(ROOT.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      }),
    ).toEqual([])
  })
})
