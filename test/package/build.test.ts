// The built package as applications load it: both formats, one set of streams, no more than promised.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
const require = createRequire(new URL('package.json', ROOT))

const VALUES: Record<string, string[]> = {
  eventwire: [
    'MemoryLog',
    'SseChannel',
    'SseError',
    'SseStream',
    'closeAllStreams',
    'defineEvents',
    'encodeEvent',
    'streamStats',
    'text',
  ],
  'eventwire/node': ['acceptsEventStream', 'lastEventIdOf', 'openStream', 'refuse', 'stop'],
  'eventwire/express': [
    'acceptsEventStream',
    'lastEventIdOf',
    'openStream',
    'refuse',
    'sse',
    'stop',
  ],
  'eventwire/fastify': [
    'acceptsEventStream',
    'default',
    'lastEventIdOf',
    'openStream',
    'refuse',
    'stop',
  ],
  'eventwire/koa': ['acceptsEventStream', 'lastEventIdOf', 'openStream', 'refuse', 'sse', 'stop'],
  'eventwire/fetch': ['acceptsEventStream', 'lastEventIdOf', 'openStream', 'refuse', 'stop'],
  'eventwire/parser': ['SseError', 'SseParserStream', 'defineEvents', 'parseEvents', 'text'],
  'eventwire/client': ['SseError', 'connect'],
  'eventwire/redis': ['RedisLog'],
  'eventwire/testing': ['createTestStream'],
}

/** Runs a module in a process of its own, as an application at the package's root would. */
const run = (code: string, ...flags: string[]) =>
  JSON.parse(
    execFileSync(process.execPath, [...flags, '-e', code], { cwd: ROOT, encoding: 'utf8' }),
  )

describe('the built package', () => {
  test.each(Object.keys(VALUES))('%s has the same values in both formats', async (entry) => {
    const names = VALUES[entry]
    expect(Object.keys(require(entry)).sort()).toEqual(names)
    expect(
      run(
        `import(${JSON.stringify(entry)}).then((m) => console.log(JSON.stringify(Object.keys(m).sort())))`,
      ),
    ).toEqual(names)
  })

  test('has a test above for each entry', () => {
    const entries = Object.keys(manifest.exports).filter((path) => path !== './package.json')
    expect(entries.map((path) => path.replace(/^\./, 'eventwire'))).toEqual(Object.keys(VALUES))
  })

  test('knows the streams of all its entries, in both formats at once', () => {
    const seen = run(`
      const { PassThrough } = require('node:stream')
      const commonjs = require('eventwire')
      const refused = () => {
        const res = Object.assign(new PassThrough(), { headersSent: true, setHeader() {} })
        try { require('eventwire/node').openStream({ headers: {} }, Object.assign(res, { statusCode: 200 })) }
        catch (error) { return error instanceof commonjs.SseError }
      }
      import('eventwire').then(async (module) => {
        new commonjs.SseStream(new PassThrough().resume())
        new module.SseStream(new PassThrough().resume())
        const open = [commonjs.streamStats().open, module.streamStats().open]
        console.log(JSON.stringify({ open, closed: await module.closeAllStreams(), sameError: refused() }))
      })`)
    expect(seen).toEqual({ open: [2, 2], closed: 2, sameError: true })
  })

  test('knows the errors of each format in the other', () => {
    const seen = run(`
      const commonjs = require('eventwire')
      Promise.all([import('eventwire'), import('eventwire/client')]).then(([module, client]) => {
        const error = new module.SseError('ERR_SSE_LOG', '')
        console.log(JSON.stringify([
          error instanceof commonjs.SseError,
          new commonjs.SseError('ERR_SSE_LOG', '') instanceof module.SseError,
          new commonjs.SseError('ERR_SSE_LOG', '') instanceof client.SseError,
          new Error() instanceof commonjs.SseError,
        ]))
      })`)
    expect(seen).toEqual([true, true, true, false])
  })

  test('has channels of each format feed streams of the other', () => {
    const seen = run(`
      const { PassThrough } = require('node:stream')
      const commonjs = require('eventwire')
      import('eventwire').then(async (module) => {
        const seen = []
        for (const [{ SseChannel }, { SseStream }] of [[commonjs, module], [module, commonjs]]) {
          const sink = new PassThrough()
          const channel = new SseChannel()
          await channel.subscribe(new SseStream(sink))
          await channel.publish({ data: 'published' })
          seen.push(String(sink.read()).endsWith('data: published\\n\\n'))
        }
        console.log(JSON.stringify(seen))
        process.exit()
      })`)
    expect(seen).toEqual([true, true])
  })

  test('lets a process end that has a channel with subscribers', () => {
    const seen = run(`
      const { PassThrough } = require('node:stream')
      const { SseChannel, SseStream } = require('eventwire')
      const channel = new SseChannel()
      channel.subscribe(new SseStream(new PassThrough().resume()))
      channel.publish({ data: '' }).then(() => console.log(JSON.stringify('published')))`)
    expect(seen).toBe('published')
  })

  test.each([
    'index.js',
    'index.cjs',
    'fetch.js',
    'fetch.cjs',
    'parser.js',
    'parser.cjs',
    'client.js',
    'client.cjs',
    'testing.js',
    'testing.cjs',
  ])('has nothing of node: and no package in all that %s loads', (entry) => {
    const loaded = [entry]
    const foreign: string[] = []
    for (const file of loaded) {
      const text = readFileSync(new URL(`dist/${file}`, ROOT), 'utf8')
      for (const [, name = ''] of text.matchAll(/(?:from|import|require\()\s*['"]([^'"]+)['"]/g)) {
        if (!name.startsWith('.')) foreign.push(name)
        else if (!loaded.includes(name.slice(2))) loaded.push(name.slice(2))
      }
    }
    expect(loaded.length).toBeGreaterThan(1)
    expect(foreign).toEqual([])
  })

  test('reads events where there is no TransformStream', () => {
    const seen = run(`
      delete globalThis.TransformStream
      const { parseEvents } = require('eventwire/parser')
      parseEvents((async function* () { yield 'data: a\\n\\n' })()).next().then(({ value }) =>
        console.log(JSON.stringify(value.data)))`)
    expect(seen).toBe('a')
  })

  test('lets a process end that has heartbeats and a stalled stream', () => {
    const seen = run(`
      const { PassThrough } = require('node:stream')
      const { SseStream } = require('eventwire')
      const stream = new SseStream(new PassThrough(), { heartbeatMs: 60_000 })
      stream.send({ data: 'x'.repeat(100_000) })
      console.log(JSON.stringify('started'))`)
    expect(seen).toBe('started')
  })
})
