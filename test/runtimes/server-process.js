// One server in a process of its own: started, asked where it listens, and stopped by its id.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** No server lives longer, whatever goes wrong here. */
const LIFE_MS = 240_000

const START_MS = 20_000

/** Starts a server. Resolves once it listens. */
export async function startServer([command, ...args], cwd) {
  const child = spawn(command, args, {
    cwd,
    // Deno would ask for a newer one of itself.
    env: { ...process.env, PORT: '0', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  const life = setTimeout(() => child.kill('SIGKILL'), LIFE_MS)
  let noise = ''
  child.stderr.on('data', (chunk) => {
    noise = (noise + chunk).slice(-4_000)
  })
  const server = {
    /** What it has printed as errors. */
    noise: () => noise,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    /** How its process ended, as far as it has. */
    ending: () => `exit code ${child.exitCode}, signal ${child.signalCode}`,
    /** Asks it to end, and gives the code it ends with. */
    terminate: async () => {
      child.kill('SIGTERM')
      const [code] = await closed
      return code
    },
    stop: async () => {
      clearTimeout(life)
      child.kill('SIGKILL')
      await closed
    },
  }
  const lines = createInterface(child.stdout)
  // Its port, bare, in a URL, or as workerd says it.
  const port = new Promise((resolve) => {
    lines.on('line', (line) => {
      const [, digits] = /^(?:.*(?:"port":|\/\/.*:))?(\d+)\D*$/.exec(line) ?? []
      if (digits) resolve(Number(digits))
    })
  })
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS)
  server.port = await Promise.race([port, closed.then(() => undefined)])
  clearTimeout(late)
  if (server.port === undefined) {
    clearTimeout(life)
    throw new Error(`The server did not start: ${noise.trim()}`)
  }
  return server
}
