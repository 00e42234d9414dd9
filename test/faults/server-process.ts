// The server of its own, and clients of it, as tests hold them.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { StreamStats } from '../../src/index.js'

const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

interface Stats extends StreamStats {
  problems: string[]
  acceptErrors: string[]
  size: number
}

export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #clients: Client[] = []

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** @param maxFiles - how many files and sockets it may have open */
  static async start(maxFiles?: number): Promise<ServerProcess> {
    const limit = maxFiles === undefined ? '' : `ulimit -n ${maxFiles} && `
    const child = spawn('sh', ['-c', `${limit}exec "$0" "$1"`, process.execPath, SERVER], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [{ answer }] = (await once(child, 'message')) as [{ answer: number }]
    return new ServerProcess(child, answer)
  }

  async tell<T = unknown>(order: string, value?: unknown): Promise<T> {
    this.#child.send({ order, value })
    const [{ answer }] = (await once(this.#child, 'message')) as [{ answer: T }]
    return answer
  }

  stats(): Promise<Stats> {
    return this.tell('stats')
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async connect(): Promise<Client> {
    const client = new Client(get({ port: this.port, host: '127.0.0.1', agent: false }))
    this.#clients.push(client)
    await client.opened
    return client
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.leave()
    const hasExited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await hasExited
  }
}

/** One client of it, on one connection. */
export class Client {
  text = ''
  hasEnded = false
  readonly opened: Promise<unknown>
  readonly #request: ClientRequest

  constructor(request: ClientRequest) {
    this.#request = request
    this.opened = once(request, 'response').then(([answer]) => {
      const response: IncomingMessage = answer
      response.setEncoding('utf8').on('data', (chunk: string) => {
        this.text += chunk
      })
      response
        .on('error', () => {})
        .on('close', () => {
          this.hasEnded = true
        })
    })
    // Whoever has not been let in does not wait for it.
    this.opened.catch(() => {})
    request.on('error', () => {})
  }

  get data(): string[] {
    return [...this.text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data as string)
  }

  get heartbeats(): number {
    return this.text.match(/^: $/gm)?.length ?? 0
  }

  async hasBeats(more: number): Promise<void> {
    const before = this.heartbeats
    await expect.poll(() => this.heartbeats).toBeGreaterThanOrEqual(before + more)
  }

  leave(): void {
    this.#request.destroy()
  }
}
