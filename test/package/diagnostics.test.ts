// The built package as it is watched: in both formats, out of bundles, and where there is nothing to watch it by.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const SINK = `{
  bufferedBytes: 0,
  write: () => true,
  end: () => {},
  destroy: () => {},
  attach: () => {},
}`

/** Runs code at the package's root, and gives what it prints. */
const run = (code: string) =>
  JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' }))

/** Watches from before the package is loaded. */
const WATCH = `
  const heard = []
  for (const name of ['stream:open', 'stream:close', 'channel:publish']) {
    process
      .getBuiltinModule('node:diagnostics_channel')
      .subscribe('eventwire:' + name, () => heard.push(name))
  }`

const USE = `
  new SseStream(${SINK}).destroy()
  await new SseChannel().publish({ data: '' })`

describe('diagnostics of the built package', () => {
  test('come from its ES module and from its CommonJS build, on the same channels', () => {
    const heard = run(`${WATCH}
      const use = async ({ SseStream, SseChannel }) => {${USE}}
      use(require('eventwire'))
        .then(() => import('eventwire'))
        .then(use)
        .then(() => console.log(JSON.stringify(heard)))`)
    const once = ['stream:open', 'stream:close', 'channel:publish']
    expect(heard).toEqual([...once, ...once])
  })

  test.each([
    ['without process.getBuiltinModule', 'delete process.getBuiltinModule'],
    ['where it knows no such module', 'process.getBuiltinModule = () => undefined'],
    [
      'where it throws, as on the Edge Runtime of Next.js',
      'process.getBuiltinModule = () => { throw new Error() }',
    ],
    ['without a process', 'globalThis.process = undefined'],
  ])('are silent, and nothing fails, %s', (_where, change) => {
    const id = run(`
      const { log } = console
      import('node:diagnostics_channel').then(async (diagnostics) => {
        diagnostics.subscribe('eventwire:stream:open', () => log('"heard"'))
        const { process } = globalThis
        ${change}
        const { SseStream, SseChannel } = await import('eventwire')
        new SseStream(${SINK}).destroy()
        const id = await new SseChannel().publish({ data: '' })
        globalThis.process = process
        log(JSON.stringify(id))
      })`)
    expect(id).toMatch(/-1$/)
  })
})

describe('diagnostics of a bundle', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'eventwire-bundle-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(['esm', 'cjs'] as const)('are still told after tree shaking (%s)', async (format) => {
    const outfile = join(folder, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
    await build({
      stdin: {
        contents: `
          import { SseChannel, SseStream } from 'eventwire'
          export async function use() {${USE}}`,
        resolveDir: ROOT,
      },
      outfile,
      format,
      bundle: true,
      minify: true,
      treeShaking: true,
      platform: 'neutral',
      mainFields: ['module', 'main'],
      logLevel: 'silent',
    })
    const heard = run(`${WATCH}
      import(${JSON.stringify(pathToFileURL(outfile).href)})
        .then((module) => (module.use ?? module.default.use)())
        .then(() => console.log(JSON.stringify(heard)))`)
    expect(heard).toEqual(['stream:open', 'stream:close', 'channel:publish'])
  })
})
