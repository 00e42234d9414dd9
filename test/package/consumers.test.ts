// Applications that have installed the packed package, under what applications are built and tested with.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { install } from './consumers/installation.js'

/** What each application prints: what its client has received from its server. */
const RECEIVED = '["greeting","hello\\nagain","bye",null]\n'

/** Tools on a busy machine take their time. */
const PATIENCE = 120_000

let app: string

/** Runs a program of Node.js in the application's folder, and gives what it prints. */
async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: app }).catch(
    (error) => {
      // Compilers say what is wrong on their standard output.
      throw new Error(`${error.message}${error.stdout}`)
    },
  )
  return stdout
}

const tool = (path: string) => join(app, '../node_modules', path)

beforeAll(async () => {
  app = await install()
}, 300_000)

describe('an application with the packed package', () => {
  test.each(['round-trip.mjs', 'round-trip.cjs'])('runs as %s', async (file) => {
    expect(await run(file)).toBe(RECEIVED)
  })

  test.each([
    ['an ES module', 'nodenext', 'nodenext', 'module'],
    ['CommonJS', 'nodenext', 'nodenext', 'commonjs'],
    ['an ES module', 'node16', 'node16', 'module'],
    ['CommonJS', 'node16', 'node16', 'commonjs'],
    ['an ES module', 'esnext', 'bundler', 'module'],
    // Which knows no `exports`, and is what TypeScript 5 takes beside `"module": "commonjs"`.
    ['CommonJS', 'commonjs', 'node10', 'commonjs'],
  ])(
    'compiles without a complaint and runs as %s, module %s, moduleResolution %s',
    async (_what, module, moduleResolution, type) => {
      const folder = join(app, `typescript-${moduleResolution}-${type}`)
      await mkdir(folder)
      await cp(join(app, 'typescript/round-trip.ts'), join(folder, 'round-trip.ts'))
      const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false }
      const target = { target: 'es2022', lib: ['es2023'], types: ['node'] }
      const compilerOptions = { module, moduleResolution, ...strict, ...target }
      const tsconfig = { compilerOptions, files: ['round-trip.ts'] }
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
      await writeFile(join(folder, 'package.json'), JSON.stringify({ type }))

      expect(await run(tool('typescript/lib/tsc.js'), '--project', folder)).toBe('')
      expect(await run(join(folder, 'round-trip.js'))).toBe(RECEIVED)
    },
    PATIENCE,
  )

  test(
    'passes its tests under Jest',
    async () => {
      const jest = [tool('jest/bin/jest.js'), '--rootDir', join(app, 'jest'), '--json', '--silent']
      const result = JSON.parse(await run(...jest))

      expect(result).toMatchObject({ numPassedTests: 3, numTotalTests: 3, success: true })
    },
    PATIENCE,
  )
})

describe('what docs/getting-started.md says of first errors', () => {
  const page = readFileSync(new URL('../../docs/getting-started.md', import.meta.url), 'utf8')
  const errors = [...page.matchAll(/^\| `(.+?)` \|/gm)].map(([, message = '']) => message)
  const script = (code: string) => run('--input-type=module', '-e', code)

  test.each([
    ['openStream', () => script(`import { openStream } from 'eventwire'`)],
    [
      'isWellFormed',
      () =>
        script(`delete String.prototype.isWellFormed
          import { encodeEvent } from 'eventwire'
          encodeEvent({ event: 'a' })`),
    ],
    [
      'ErrorOptions',
      () => {
        const old = ['--target', 'es2020', '--module', 'nodenext', '--types', 'node', '--noEmit']
        return run(tool('typescript/lib/tsc.js'), ...old, 'typescript/round-trip.ts')
      },
    ],
  ])(
    'is what they say: %s',
    async (word, fail) => {
      const [message = '', ...others] = errors.filter((each) => each.includes(word))

      expect(others).toEqual([])
      await expect(fail()).rejects.toThrow(message)
    },
    PATIENCE,
  )
})

describe.each([
  ['vite', 'round-trip.js'],
  ['webpack', 'round-trip.cjs'],
])('an application that %s has built', (bundler, server) => {
  beforeAll(() => run('build.mjs', bundler), PATIENCE)

  test('has a server that runs', async () => {
    expect(await run(`built/${bundler}-server/${server}`)).toBe(RECEIVED)
  })

  describeInChromium('has a page', (browser) => {
    test('that shows what it receives', async () => {
      const child = spawn(process.execPath, ['serve.mjs', `built/${bundler}`], {
        cwd: app,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const page = await browser().newPage()
      const problems: string[] = []
      page.on('pageerror', ({ message }) => problems.push(message))
      try {
        const [url] = await once(createInterface(child.stdout), 'line')
        await page.goto(url)

        const lines = () => page.locator('p').allTextContents()
        await expect.poll(lines).toEqual(Array(2).fill(['greeting: hello', 'bye: nothing']).flat())
        expect(problems).toEqual([])
      } finally {
        await page.close()
        child.kill()
        await once(child, 'close')
      }
    })
  })
})
