// Runs a server and its clients, each in a process of its own, and reads both at intervals.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const READINGS = 60
const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url))
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for what a process says next; fails if it ends instead. */
async function hear(child) {
  const stop = new AbortController()
  const { signal } = stop
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([code, killedBy]) => {
        throw new Error(`${child.spawnargs.at(2)} has ended: ${code ?? killedBy}`)
      }),
    ])
  } finally {
    stop.abort()
  }
}

async function tell(child, order) {
  child.send({ order })
  const { answer } = await hear(child)
  return answer
}

/**
 * Soaks the library for so many minutes.
 *
 * @returns the readings over time; what was there before any client came, and what is left after all have gone.
 */
export async function soak({ minutes, clients: count, seed = 1, onReading = () => {} }) {
  const server = fork(pathOf('server.js'), [String(seed)], { execArgv: ['--expose-gc'] })
  const children = [server]
  try {
    const { port } = await hear(server)
    const start = await tell(server, 'reading')
    await tell(server, 'start')
    const crowd = fork(pathOf('clients.js'), [port, count, seed].map(String))
    children.push(crowd)

    const readings = []
    const beganMs = performance.now()
    const everyMs = Math.max(1_000, (minutes * 60_000) / READINGS)
    while (performance.now() - beganMs < minutes * 60_000) {
      await wait(everyMs)
      const reading = {
        seconds: (performance.now() - beganMs) / 1_000,
        server: await tell(server, 'reading'),
        clients: await tell(crowd, 'reading'),
      }
      readings.push(reading)
      onReading(reading)
    }
    const clients = await tell(crowd, 'stop')
    const end = await tell(server, 'stop')
    return { minutes, count, start, readings, clients, end }
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}
