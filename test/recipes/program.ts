// A framework's own command, as a process that a test starts and stops.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)

/** What Node.js is told to run, and where. */
export interface Command {
  /** From the root of the package. */
  folder: string
  args: readonly string[]
}

/** The path of a package's own file. */
export const installed = (path: string) => fileURLToPath(new URL(`node_modules/${path}`, ROOT))

function start({ folder, args }: Command) {
  const child = spawn(process.execPath, args, {
    cwd: new URL(folder, ROOT),
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      HOST: '127.0.0.1',
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  const lines = createInterface(child.stdout)
  lines.on('line', (line) => {
    printed += `${line}\n`
  })
  child.stderr.on('data', (chunk) => {
    printed += chunk
  })
  return { child, lines, closed: once(child, 'close'), printed: () => printed }
}

/** Runs it to its end; rejects with all that it printed if it fails. */
export async function run(command: Command): Promise<void> {
  const { closed, printed } = start(command)
  const [code] = await closed
  if (code !== 0) throw new Error(printed())
}

/** Runs a server; settles once it has printed its address. */
export async function runServer(command: Command) {
  const { child, lines, closed, printed } = start(command)
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const [address] = line.match(/http:\/\/[\w.]+:[1-9]\d*/) ?? []
      if (address) resolve(address)
    })
    closed.then(() => reject(new Error(printed())), reject)
  })
  return {
    url,
    /** What it has printed so far. */
    printed,
    /** Tells it to stop, and waits until it has. */
    async stop() {
      child.kill('SIGTERM')
      await closed
    },
  }
}
