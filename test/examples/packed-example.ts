// An example as one who copies it has it: a folder of its own, with the packed package installed, and its server.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const QUIETLY = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']

/** The folder of an example in the repository. */
export const sourceOf = (name: string) => join(ROOT, 'examples', name)

/** Copies an example out, and installs the tarball and what else it depends on. Gives the new folder. */
export async function install(name: string, tarball: string): Promise<string> {
  const folder = await newFolder()
  const filter = (path: string) => basename(path) !== 'node_modules'
  await cp(sourceOf(name), folder, { recursive: true, filter })
  const manifest = await manifestOf(folder)
  manifest.dependencies.eventwire = `file:${tarball}`
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', ...QUIETLY], { cwd: folder })
  return folder
}

export interface Manifest {
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

export const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))

export const newFolder = () => mkdtemp(join(tmpdir(), 'eventwire-example-'))

export const remove = (folder: string) => rm(folder, { recursive: true, force: true })

/** Runs the example's own tests, as `npm test` does, and gives what they print. Rejects if one fails. */
export async function runTests(folder: string): Promise<string> {
  const { stdout } = await run('npm', ['test', '--silent'], { cwd: folder })
  return stdout
}

/** A server that runs. */
export interface Running {
  readonly url: string
  /** What it has printed so far. */
  readonly output: string
  /** Sends its process a signal. */
  signal(name: NodeJS.Signals): void
  /** Asks it to end, and waits for it. */
  stop(): Promise<number | null>
}

/** Starts what `npm start` starts, on a free port. */
export async function start(folder: string, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const { scripts } = await manifestOf(folder)
  const [, program] = /^node (\S+)$/.exec(scripts.start ?? '') ?? []
  const child = spawn(process.execPath, [program ?? 'nothing'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // With 'close' all that it has printed is here, which with 'exit' need not be.
  const closed = once(child, 'close')
  const url = await Promise.race([urlOf(child), closed])
  if (typeof url !== 'string') throw new Error(`The example ended before it listened: ${output}`)
  return {
    url,
    get output() {
      return output
    },
    signal: (name) => child.kill(name),
    async stop() {
      child.kill('SIGTERM')
      const [code] = await closed
      return code
    },
  }
}

async function urlOf({ stdout }: ChildProcess): Promise<string | undefined> {
  const [line] = await once(createInterface(stdout as NodeJS.ReadableStream), 'line')
  return /http:\/\/[\d.:]+/.exec(line)?.[0]
}
