// The code in README and docs compiles, their links lead somewhere, and README's own programs run.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { blocksOf, pages, ROOT, textOf } from './pages.js'

/** What the blocks that name a file show of it, such as ```ts test/recipes/hono/app.ts. */
const shown = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^```[jt]s (\S+)\n(.*?)^```$/gms)].map(
    ([, path, code]): [page: string, path: string, code: string] => [
      page,
      path as string,
      code as string,
    ],
  ),
)

/** Packages that are installed beside another version of theirs, under names of their own. */
const alias = /'(h3)-1'/g

/** Every block of TypeScript and JavaScript, as a file beside the page that it stands on. */
const snippets = new Map(
  pages.flatMap((page) =>
    ['ts', 'js'].flatMap((language) =>
      blocksOf(page, language).map((code, index): [string, string] => [
        fileURLToPath(new URL(`${page}.${index}.${language === 'js' ? 'mjs' : 'mts'}`, ROOT)),
        // A block without an import is a module all the same.
        `${code}\nexport {}\n`,
      ]),
    ),
  ),
)

describe('the code in README and docs', () => {
  test('is there to be compiled', () => {
    expect(snippets.size).toBeGreaterThan(6)
  })

  test('compiles against the built package', () => {
    const options: ts.CompilerOptions = {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
      types: ['node'],
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile, fileExists, readFile } = host
    host.fileExists = (file) => snippets.has(file) || fileExists(file)
    host.readFile = (file) => snippets.get(file) ?? readFile(file)
    host.getSourceFile = (file, target, ...rest) => {
      const code = snippets.get(file)
      return code === undefined
        ? getSourceFile(file, target, ...rest)
        : ts.createSourceFile(file, code, target)
    }
    const program = ts.createProgram([...snippets.keys()], options, host)
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, ' ')
      return `${file?.fileName.slice(fileURLToPath(ROOT).length)}: ${message}`
    })
    expect(problems).toEqual([])
    // A compiler on a busy machine takes its time.
  }, 180_000)

  test.each(shown)('%s shows %s as it is run by its test', (_page, path, code) => {
    expect(code).toBe(textOf(path).replaceAll(alias, "'$1'"))
  })

  test.each(['test/recipes/', 'test/migration/'])('shows all programs of %s', (folder) => {
    const programs = readdirSync(new URL(folder, ROOT), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${folder}${name}/`)
    const missing = programs.filter((name) => !shown.some(([, path]) => path.startsWith(name)))
    expect(programs.length).toBeGreaterThan(4)
    expect(missing).toEqual([])
  })

  test.each(pages)('%s links to files that exist', (page) => {
    const targets = [...textOf(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to)
    const missing = targets
      .filter((to) => !/^https?:/.test(to as string))
      .filter((to) => !existsSync(new URL(to as string, new URL(page, ROOT))))
    expect(missing).toEqual([])
  })

  test.each(pages)('%s names scripts that exist', (page) => {
    const { scripts } = JSON.parse(textOf('package.json'))
    const named = [...textOf(page).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, to]) => to)

    expect(named.filter((name = '') => !Object.hasOwn(scripts, name))).toEqual([])
  })

  test('CONTRIBUTING.md names the programs that .ci/run installs', () => {
    const [, installed = ''] = /^programs=\((.+)\)$/m.exec(textOf('.ci/run')) ?? []
    const [, named = ''] = /apt-get install (.+)$/m.exec(textOf('CONTRIBUTING.md')) ?? []

    expect(installed.split(' ').length).toBeGreaterThan(5)
    expect(named.split(' ').sort()).toEqual(installed.split(' ').sort())
  })

  test('README shows a server and a client in under ten lines each', () => {
    const [server = '', client = ''] = blocksOf('README.md', 'js')
    expect(server.trim().split('\n').length).toBeLessThan(10)
    expect(client.trim().split('\n').length).toBeLessThan(10)
    expect(server).toContain('createServer')
    expect(client).toContain('EventSource')
  })
})

describeInChromium("README's server and client", (browser) => {
  test('work together', async () => {
    const [server = '', client = ''] = blocksOf('README.md', 'js')
    const watched = `import { streamStats } from 'eventwire'
      setInterval(() => {
        for (; closed < streamStats().closed.client; closed++) console.log('closed')
      }, 50)
      let closed = 0
      ${server.replace(
        'listen(8080)',
        "listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
      )}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', watched], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const lines = createInterface(child.stdout)
      const [port] = await once(lines, 'line')
      const [, curl = ''] = /bytes: `(curl .+)`/.exec(textOf('README.md')) ?? []
      const look = curl.replace('localhost:8080', `http://127.0.0.1:${port}`)
      const looked = once(lines, 'line')
      const looking = spawn('sh', ['-c', `exec ${look} --silent`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [bytes] = await once(looking.stdout.setEncoding('utf8'), 'data')
      expect(bytes).toMatch(/^event: time\ndata: \{"now":\d+\}\n\n$/)
      looking.kill()
      expect(await looked).toEqual(['closed'])

      const page = await browser().newPage()
      await page.goto(`http://127.0.0.1:${port}/`)
      const closed = once(lines, 'line')
      await page.evaluate(client)
      await page.waitForFunction(() => /\d:\d\d:\d\d/.test(document.body.textContent ?? ''))
      await page.close()
      expect(await closed).toEqual(['closed'])
    } finally {
      child.kill()
      await once(child, 'close')
    }
  })
})
