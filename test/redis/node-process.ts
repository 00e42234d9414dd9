// A node of a cluster for tests: a process of its own, and what it answers.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('node-server.js', import.meta.url))

/** What became of one publish: an id, or the code of the error. */
export interface Outcome {
  data: string
  id?: string
  code?: string
}

export class NodeProcess {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#process = child
  }

  static async start(client: string, redisPort: number, timeoutMs = 5_000): Promise<NodeProcess> {
    const child = spawn(process.execPath, [SERVER, client, `${redisPort}`, `${timeoutMs}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new NodeProcess(`http://127.0.0.1:${String(line).trim()}`, child)
  }

  /** Publishes `count` events at once, `data` with a running number from `from` on. */
  publish(
    count: number,
    { data = '', from = 0, channel = 'main', atOnce = count } = {},
  ): Promise<Outcome[]> {
    const numbers = { from: `${from}`, count: `${count}`, atOnce: `${atOnce}` }
    return this.#ask(`/publish?${new URLSearchParams({ data, channel, ...numbers })}`)
  }

  stats(): Promise<{ unhandled: number; reported: string[]; open: number }> {
    return this.#ask('/stats')
  }

  /** Ends it in the middle of whatever it does. */
  kill(): Promise<unknown> {
    return this.#end('SIGKILL')
  }

  /** Asks it to close, and waits until it has nothing left to do. Gives its exit code. */
  stop(): Promise<unknown> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<unknown> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return undefined
    const hasExited = once(this.#process, 'exit')
    this.#process.kill(signal)
    const [code] = await hasExited
    return code
  }

  async #ask<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path)
    return (await response.json()) as T
  }
}
