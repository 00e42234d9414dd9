// The demo's server, as a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the demo's code. */
export const DEMO = fileURLToPath(new URL('../../examples/demo/', import.meta.url))

export interface Demo {
  readonly url: string
  /** Gives the lines of the access log. */
  readLog(): Promise<string[]>
  /** Asks the process to end, and waits for it. `files`: what it has left of its temporary ones. */
  stop(): Promise<{ code: number | null; output: string; files: string[] }>
}

export async function startDemo(port = '0'): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-test-'))
  const child = spawn(process.execPath, [join(DEMO, 'server.js')], {
    env: { ...process.env, PORT: port, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const hasExited = once(child, 'exit')
  const url = await Promise.race([urlOf(child), hasExited.then(() => undefined)])
  if (url === undefined) throw new Error('The demo ended before it listened')
  return {
    url,
    async readLog() {
      const [name = ''] = await readdir(folder)
      return (await readFile(join(folder, name, 'access.log'), 'utf8')).split('\n')
    },
    async stop() {
      child.kill('SIGTERM')
      const [code] = await hasExited
      const files = await readdir(folder)
      await rm(folder, { recursive: true })
      return { code, output, files }
    },
  }
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [text] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return /http:\/\/[\d.:]+/.exec(text)?.[0] as string
}

/** Publishes a note without a page. */
export async function postNote(
  demo: Demo,
  body: string,
  type = 'application/json',
): Promise<Response> {
  const headers = { 'content-type': type }
  const response = await fetch(`${demo.url}/publish`, { method: 'POST', headers, body })
  await response.text()
  return response
}
