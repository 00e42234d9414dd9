// docs/getting-started.md as its reader does it: each block written to its file or run, with the packed package.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeInChromium } from '../browser/chromium.js'
import { newFolder, remove } from '../examples/packed-example.js'
import { pack } from '../tarball.js'

const run = promisify(execFile)

const page = readFileSync(new URL('../../docs/getting-started.md', import.meta.url), 'utf8')

const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text]) => text as string,
  )

const [install, start, publish, ...looks] = blocks('sh').flatMap((block) =>
  block.trim().split('\n'),
) as [string, string, string, ...string[]]

/** Whatever a command prints, as it comes. */
function output(child: ChildProcess): () => string {
  let text = ''
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
  }
  return () => text
}

/** Begins to publish a note, and leaves once the server is reading it. */
async function leaveWithinNote(url: string): Promise<void> {
  const leaving = request(url, {
    method: 'POST',
    headers: { 'content-length': 100, expect: '100-continue' },
  })
  leaving.flushHeaders()
  await once(leaving, 'continue')
  leaving.destroy()
  // Node calls it a hang-up of the server.
  await once(leaving, 'error')
}

describeInChromium('docs/getting-started.md', (browser) => {
  let folder: string
  let tarball: string
  const children: ChildProcess[] = []

  /** Starts a command of the page, in the reader's folder. */
  function begin(command: string): ChildProcess {
    const [program = '', ...args] = command.split(' ')
    // A group of its own, for npx starts another process.
    const child = spawn(program, args, { cwd: folder, detached: true })
    children.push(child)
    return child
  }

  beforeAll(async () => {
    tarball = await pack()
    folder = await newFolder()
    await writeFile(join(folder, 'package.json'), '{}')
    const [program = '', ...args] = install.replace(/\beventwire$/, tarball).split(' ')
    await run(program, [...args, '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder })
    const [server = ''] = blocks('js')
    const [html = ''] = blocks('html')
    // A free port, and its number where the page has 8080.
    const code = server.replace(
      "listen(8080, () => console.log('http://localhost:8080'))",
      "listen(0, '127.0.0.1', () => console.log(server.address().port))",
    )
    await writeFile(join(folder, 'server.mjs'), code)
    await writeFile(join(folder, 'index.html'), html)
  }, 60_000)

  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      process.kill(-(child.pid as number), 'SIGKILL')
      await exited
    }
    await remove(folder)
    await remove(dirname(tarball))
  })

  test('leads from an empty folder to a page that shows what is published', async () => {
    const server = begin(start)
    const printed = output(server)
    await vi.waitFor(() => expect(printed()).toMatch(/^\d+\n$/), 10_000)
    const here = (command: string) =>
      command.replace('localhost:8080', `127.0.0.1:${printed().trim()}`)

    // This ended the process once.
    await leaveWithinNote(here('http://localhost:8080/'))
    expect((await fetch(here('http://localhost:8080/'), { method: 'POST' })).status).toBe(400)

    const visit = await browser().newPage()
    const subscribed = visit.waitForResponse((response) => response.url().endsWith('/feed'))
    await visit.goto(here('http://localhost:8080/'))
    await subscribed
    const looking = looks.map((command) => output(begin(here(command))))
    expect(looking).toHaveLength(2)
    await vi.waitFor(() => expect(looking[1]?.()).toContain('Connected'), 10_000)

    const [program = '', ...args] = here(publish).replaceAll("'", '').split(' ')
    const { stdout } = await run(program, args)
    await visit.locator('#notes li').waitFor()
    expect(await visit.locator('#notes li').allTextContents()).toEqual(['Hello'])
    await vi.waitFor(() => {
      expect(looking[0]?.()).toContain(`event: note\nid: ${stdout.trim()}\ndata: Hello\n\n`)
      expect(looking[1]?.()).toContain('Hello')
    }, 10_000)

    // With its page open, the server ends when it is told to.
    server.kill('SIGTERM')
    const [code] = await once(server, 'exit')
    expect(code).toBe(0)
    await visit.close()
  }, 60_000)
})
