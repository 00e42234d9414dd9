// Each shell line that a page shows is run here as it stands, or by another test, or held to what it names.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startDemo } from '../browser/demo-server.js'
import { newFolder, remove } from '../examples/packed-example.js'
import { blocksOf, pages, ROOT, textOf } from './pages.js'

const HERE = fileURLToPath(ROOT)
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }

/** The lines of all blocks, without their comments, and the commands of the table in CONTRIBUTING.md. */
const lines = [
  ...[...pages, 'bench/README.md', 'bench/comparison/README.md'].flatMap((page) =>
    blocksOf(page, 'sh').flatMap((block) => block.trim().split('\n').map(withoutComment(page))),
  ),
  ...[...textOf('CONTRIBUTING.md').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, line = '']): Line => ['CONTRIBUTING.md', line]),
  ),
]

type Line = [page: string, line: string]

function withoutComment(page: string) {
  return (line: string): Line => [page, line.replace(/\s+# .*$/, '')]
}

/** What is done with the lines that match. */
const HELD: [RegExp, (page: string, ...found: string[]) => unknown][] = [
  [
    /^npm install && npm start$/,
    () => named('test/examples/scenario.ts', 'npm install && npm start'),
  ],
  [
    /^npm test$/,
    (page) => page === 'CONTRIBUTING.md' || named('test/examples/job-progress.ts', 'runTests('),
  ],
  [/^sudo apt-get install /, () => named('test/package/docs.test.ts', 'apt-get install')],
  [
    /^npm install eventwire$/,
    () => named('test/package/getting-started.test.ts', 'install.replace('),
  ],
  [/^npm pack && cd examples\/live-feed && /, (_page, line) => startInClone(line)],
  [/^curl .+\/publish$/, (_page, line) => publishOnDemo(line)],
  [/^(?:PORT=8080 )?npm run demo$/, () => named('test/browser/demo-server.ts', "'server.js'")],
  [/^npm run soak -- (.+)$/, (_page, _line, args) => soak(args)],
  [/^(?:\w+=\S+ )?npm run fuzz -- (\S+)$/, (_page, _line, name) => fuzzesAlone(name)],
  [/^npm run bench -- (?:--write ?)?(\S*)$/, (_page, _line, name) => benchIsThere(name)],
  [
    /^node (?:--expose-gc )?case\.js (\w+) (\S+) '(.+)'$/,
    (_page, _line, ...which) => caseIsThere(...which),
  ],
  [/^(?:\w+=\S+ )?npx vitest run (\S+)$/, (_page, _line, path) => isThere(path)],
  [/^bash (\S+)$/, (_page, _line, path) => isThere(path)],
  [/^npm ci(?: && npm (?:run demo|test))?$/, () => installs()],
  [/^npm run ([\w:]+)$/, (_page, _line, script = '') => expect(scripts).toHaveProperty([script])],
]

/** Pages that a test of their own goes through line by line. */
const WHOLE: Record<string, string> = {
  'docs/getting-started.md': 'test/package/getting-started.test.ts',
  'docs/cli.md': 'test/cli/page.test.ts',
}

test.each(lines)('%s: %s', { timeout: 120_000 }, async (page, line) => {
  const whole = WHOLE[page]
  if (whole !== undefined) return named(whole, page)
  const [[pattern, hold] = []] = HELD.filter(([each]) => each.test(line))
  if (pattern === undefined || hold === undefined)
    throw new Error(`Nothing runs this line: ${line}`)
  await hold(page, line, ...(pattern.exec(line)?.slice(1) ?? []))
})

test('no page shows a shell block under another name', () => {
  expect(pages.filter((page) => /^```(?:bash|shell|console|zsh)$/m.test(textOf(page)))).toEqual([])
})

/** Looks that a test does what it is named for here. */
const named = (path: string, words: string) => expect(textOf(path)).toContain(words)

const isThere = (path = '') => expect(existsSync(new URL(path, ROOT))).toBe(true)

const benchIsThere = (name = '') => isThere(name === '' ? 'bench/run.js' : `bench/${name}.js`)

function caseIsThere(side = '', name = '', title = '') {
  isThere(`bench/comparison/${side}/${name}.js`)
  const cases = side === 'servers' ? 'server-cases.js' : 'client-cases.js'
  named(`bench/comparison/${cases}`, `'${title}': {`)
}

/** Compares package.json with the lockfile, as `npm ci` does before it removes anything. */
async function installs() {
  const dry = ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--prefer-offline', '--silent']
  await promisify(execFile)('npm', dry, { cwd: HERE })
}

/** Runs the script with a list of files in place of a run. */
async function fuzzesAlone(name = '') {
  const script = scripts.fuzz?.replace('vitest run', 'npx vitest list --filesOnly') ?? ''
  const { stdout } = await promisify(execFile)('sh', ['-c', `${script} ${name}`], { cwd: HERE })
  expect(stdout.trim()).toBe(`test/properties/${name}.test.ts`)
}

/** Runs the soak for seconds, with a few clients: too short for each to see an event, but nothing may be wrong. */
async function soak(args = '') {
  const folder = await newFolder()
  const readings = join(folder, 'soak.json')
  const own = args
    .replace(/--minutes \d+/, '--minutes 0.05')
    .replace(/--clients \d+/, '--clients 10')
    .replace('soak.json', readings)
  const child = spawn(process.execPath, ['soak/run.js', ...own.split(' ')], { cwd: HERE })
  await once(child.stdout.resume(), 'close')
  const { clients, end } = JSON.parse(await readFile(readings, 'utf8'))
  expect([clients.wrong, end.problems]).toEqual([[], []])
  expect(clients.totals.connected).toBeGreaterThan(0)
  await remove(folder)
}

async function publishOnDemo(line: string) {
  const demo = await startDemo()
  try {
    const here = line.replace('http://127.0.0.1:3000', demo.url).replace('curl', 'curl -fsS')
    const { stdout } = await promisify(execFile)('sh', ['-c', here])
    expect(JSON.parse(stdout)).toHaveProperty('id')
  } finally {
    await demo.stop()
  }
}

/** Runs a line in a copy of what it uses of a clone; it starts an example, which then answers. */
async function startInClone(line: string) {
  const clone = await newFolder()
  const parts = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'dist', 'docs']
  for (const path of [...parts, 'THIRD-PARTY-LICENSES.md']) {
    await cp(join(HERE, path), join(clone, path), { recursive: true })
  }
  await mkdir(join(clone, 'examples'))
  await cp(join(HERE, 'examples/live-feed'), join(clone, 'examples/live-feed'), { recursive: true })
  const child = spawn('sh', ['-c', line], {
    cwd: clone,
    // It is built already.
    env: {
      ...process.env,
      PORT: '0',
      npm_config_ignore_scripts: 'true',
      npm_config_loglevel: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, for npm starts another process.
    detached: true,
  })
  const closed = once(child, 'close')
  try {
    for await (const printed of createInterface(child.stdout)) {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? []
      if (url === undefined) continue
      expect((await fetch(url)).status).toBe(200)
      const { name } = JSON.parse(
        readFileSync(join(clone, 'examples/live-feed/node_modules/eventwire/package.json'), 'utf8'),
      )
      expect(name).toBe('eventwire')
      return
    }
    throw new Error('It ended before it listened')
  } finally {
    if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGTERM')
    await closed
    await remove(clone)
  }
}
