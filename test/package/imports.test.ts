// Which room may look into which.

import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = new URL('../../src/', import.meta.url)

/** Leaves of the house: they know nothing of streams. */
const BASE = ['deferred', 'misuse', 'turn', 'utf8']

/** A new file gets its row first. Names of packages and of `node:` modules count like files. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  http: [],
  deferred: [],
  epoch: [],
  misuse: [],
  turn: [],
  utf8: [],
  abort: [],
  event: ['misuse'],
  contract: ['event'],
  'last-event-id': ['utf8'],
  clock: ['turn'],
  chunk: ['utf8'],
  backlog: ['chunk', 'utf8'],
  feed: ['chunk'],
  sink: ['chunk', 'misuse'],
  source: ['misuse'],
  registry: [],
  options: [...BASE, 'backlog', 'event', 'last-event-id'],
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
  'memory-log': [...BASE, 'epoch', 'errors', 'log'],
  publication: [...BASE, 'chunk', 'event', 'log'],
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
  index: [
    'backlog',
    'channel',
    'channel-options',
    'chunk',
    'contract',
    'errors',
    'event',
    'hand-over',
    'log',
    'memory-log',
    'options',
    'registry',
    'shutdown',
    'sink',
    'source',
    'stream',
    'subscription',
  ],
  'redis/redis-client': [...BASE, 'node:crypto'],
  'redis/redis-id': [],
  'redis/redis-record': ['log'],
  'redis/replies': [],
  'redis/scripts': ['redis/redis-client'],
  'redis/appends': ['clock', 'errors', 'redis/redis-client', 'redis/replies', 'redis/scripts'],
  'redis/reader': [
    ...BASE,
    'clock',
    'log',
    'redis/redis-client',
    'redis/redis-id',
    'redis/redis-record',
    'redis/replies',
    'redis/scripts',
  ],
  'redis/subscriber': ['clock', 'redis/redis-client', 'redis/replies'],
  'redis/followed-channel': [
    'clock',
    'log',
    'redis/reader',
    'redis/redis-id',
    'redis/redis-record',
  ],
  'redis/redis-log': [
    ...BASE,
    'clock',
    'epoch',
    'errors',
    'log',
    'redis/appends',
    'redis/followed-channel',
    'redis/reader',
    'redis/redis-client',
    'redis/redis-id',
    'redis/redis-record',
    'redis/subscriber',
  ],
  'adapters/express': ['adapters/node', 'contract', 'stream'],
  'adapters/response-sink': ['chunk', 'sink', 'node:events', 'node:http', 'node:http2', 'node:net'],
  'adapters/node': [
    'adapters/response-sink',
    'contract',
    'errors',
    'http',
    'misuse',
    'options',
    'sink',
    'stream',
    'node:http',
    'node:http2',
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
    expect(importsOf('adapters/node')).toContain('node:http')
    expect(importsOf('adapters/node')).toContain('stream')
  })
})
