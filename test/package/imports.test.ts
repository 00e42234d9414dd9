// Which room may look into which.

import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = new URL('../../src/', import.meta.url)

/** Leaves of the house: they know nothing of streams. */
const BASE = ['deferred', 'misuse', 'turn', 'utf8']

/** A new file gets its row first. Names of packages and of `node:` modules count like files. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: ['standard-schema'],
  http: [],
  deferred: [],
  misuse: [],
  turn: [],
  utf8: [],
  abort: [],
  event: ['misuse'],
  'standard-schema': [],
  readable: [],
  contract: [...BASE, 'event', 'standard-schema'],
  'last-event-id': ['utf8'],
  clock: ['turn'],
  chunk: ['utf8'],
  backlog: ['chunk', 'utf8'],
  feed: ['chunk'],
  sink: ['chunk', 'misuse'],
  source: ['misuse', 'readable'],
  registry: [],
  options: [...BASE, 'backlog', 'contract', 'event', 'last-event-id'],
  outbox: [...BASE, 'backlog', 'chunk', 'clock', 'feed', 'registry', 'sink'],
  stream: [
    ...BASE,
    'abort',
    'chunk',
    'clock',
    'contract',
    'event',
    'feed',
    'options',
    'outbox',
    'registry',
    'sink',
    'source',
  ],
  shutdown: [...BASE, 'event', 'registry'],
  log: ['utf8'],
  'memory-log': [...BASE, 'errors', 'log'],
  publication: [...BASE, 'chunk', 'contract', 'event', 'log'],
  audience: ['chunk', 'event', 'feed', 'publication'],
  following: [...BASE, 'clock', 'log'],
  'hand-over': [
    ...BASE,
    'audience',
    'chunk',
    'errors',
    'event',
    'feed',
    'following',
    'log',
    'publication',
    'registry',
    'source',
  ],
  subscription: [...BASE, 'audience', 'feed', 'hand-over', 'log'],
  'channel-options': [...BASE, 'contract', 'errors', 'event', 'log', 'source'],
  channel: [
    ...BASE,
    'audience',
    'channel-options',
    'contract',
    'errors',
    'event',
    'feed',
    'following',
    'hand-over',
    'last-event-id',
    'log',
    'memory-log',
    'publication',
    'stream',
    'subscription',
  ],
  'text-codec': ['contract'],
  verdict: ['errors', 'standard-schema'],
  outgoing: [...BASE, 'contract', 'event', 'standard-schema', 'text-codec', 'verdict'],
  'event-definitions': [...BASE, 'contract', 'outgoing', 'standard-schema', 'text-codec'],
  'parse-options': [...BASE, 'contract', 'standard-schema'],
  'wire-parser': [...BASE, 'errors', 'parse-options', 'eventsource-parser'],
  reception: ['errors', 'parse-options', 'text-codec', 'verdict'],
  intake: ['parse-options', 'reception', 'wire-parser'],
  'chunk-source': [...BASE, 'readable'],
  'event-response': [...BASE, 'chunk-source', 'errors'],
  'event-reader': ['abort', 'chunk-source', 'intake', 'parse-options', 'reception'],
  reader: ['chunk-source', 'contract', 'event-reader', 'event-response', 'parse-options'],
  'parser-stream': ['contract', 'intake', 'parse-options'],
  parser: [
    'chunk-source',
    'contract',
    'errors',
    'event-definitions',
    'event-response',
    'parse-options',
    'parser-stream',
    'readable',
    'reader',
    'standard-schema',
  ],
  index: [
    'backlog',
    'channel',
    'channel-options',
    'chunk',
    'contract',
    'errors',
    'event',
    'event-definitions',
    'hand-over',
    'log',
    'memory-log',
    'options',
    'readable',
    'registry',
    'shutdown',
    'sink',
    'source',
    'standard-schema',
    'stream',
    'subscription',
  ],
  'adapters/batch-stream': [
    ...BASE,
    'chunk',
    'clock',
    'contract',
    'feed',
    'options',
    'sink',
    'stream',
  ],
  'adapters/delivery': ['adapters/batch-stream', 'contract', 'misuse', 'options', 'sink', 'stream'],
  'adapters/opening': [
    'adapters/compressed-sink',
    'adapters/delivery',
    'contract',
    'errors',
    'http',
    'misuse',
    'options',
    'sink',
    'stream',
  ],
  'adapters/compressed-sink': [
    'adapters/brotli-sink',
    'adapters/gzip-sink',
    'adapters/zlib',
    'http',
    'sink',
  ],
  'adapters/gzip-sink': ['adapters/zlib', 'chunk', 'sink', 'utf8'],
  'adapters/brotli-sink': ['adapters/zlib', 'sink'],
  'adapters/zlib': ['node:zlib'],
  'adapters/response-sink': ['chunk', 'sink', 'node:events', 'node:http', 'node:http2', 'node:net'],
  'adapters/node-exchange': [
    'adapters/opening',
    'adapters/response-sink',
    'sink',
    'stream',
    'node:http',
    'node:http2',
  ],
  'adapters/node': [
    'adapters/delivery',
    'adapters/node-exchange',
    'adapters/opening',
    'adapters/response-sink',
    'contract',
    'http',
    'misuse',
    'stream',
  ],
  'adapters/express': ['adapters/node', 'contract', 'options', 'stream'],
  'adapters/answered': [],
  'adapters/body': ['adapters/response-sink', 'chunk', 'sink', 'node:stream'],
  'adapters/fastify-exchange': [
    'adapters/answered',
    'adapters/body',
    'adapters/node-exchange',
    'adapters/response-sink',
    'errors',
    'registry',
    'shutdown',
    'sink',
    'stream',
    'node:stream',
  ],
  'adapters/fastify': [
    'adapters/delivery',
    'adapters/fastify-exchange',
    'adapters/node-exchange',
    'adapters/opening',
    'adapters/response-sink',
    'contract',
    'http',
    'misuse',
    'options',
    'shutdown',
    'stream',
    'fastify',
  ],
  'adapters/koa-exchange': [
    'adapters/answered',
    'adapters/body',
    'adapters/node-exchange',
    'adapters/response-sink',
    'errors',
    'sink',
    'stream',
  ],
  'adapters/koa': [
    'adapters/delivery',
    'adapters/koa-exchange',
    'adapters/node-exchange',
    'adapters/opening',
    'adapters/response-sink',
    'contract',
    'http',
    'misuse',
    'options',
    'stream',
    'koa',
  ],
  'adapters/readable-sink': ['abort', 'chunk', 'sink', 'turn', 'utf8'],
  'adapters/fetch-exchange': [
    'adapters/opening',
    'adapters/readable-sink',
    'misuse',
    'sink',
    'stream',
  ],
  'adapters/fetch': [
    'adapters/delivery',
    'adapters/fetch-exchange',
    'adapters/opening',
    'contract',
    'http',
    'misuse',
    'stream',
  ],
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''))

function importsOf(file: string): string[] {
  const text = readFileSync(new URL(`${file}.ts`, SRC), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, name]) => name,
  )
  return specifiers.map((specifier) =>
    specifier?.startsWith('.')
      ? posix.join(posix.dirname(file), specifier).replace(/\.js$/, '')
      : (specifier as string),
  )
}

describe('src/', () => {
  test('has a row for each file, and a file for each row', () => {
    expect([...files].sort()).toEqual(Object.keys(MAY_IMPORT).sort())
  })

  test.each(files)('%s imports only what its row allows', (file) => {
    const allowed = MAY_IMPORT[file] ?? []
    expect(importsOf(file).filter((name) => !allowed.includes(name))).toEqual([])
  })

  test.each(Object.keys(MAY_IMPORT))('%s needs all that its row allows', (file) => {
    const used = importsOf(file)
    const unused = (MAY_IMPORT[file] ?? []).filter(
      (name) => !BASE.includes(name) && !used.includes(name),
    )
    expect(unused).toEqual([])
  })

  test('has imports that this test can see', () => {
    expect(importsOf('adapters/node-exchange')).toContain('node:http')
    expect(importsOf('adapters/node')).toContain('stream')
  })
})
