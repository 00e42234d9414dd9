// A real Redis for tests: a process on a free port that writes down each command, to be killed and started anew.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, inject } from 'vitest'

const path = inject('programs')['redis-server']

export class RedisServer {
  readonly port: number
  readonly folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.folder = folder
    this.#args = args
  }

  /** Takes a port and a folder; the process is yet to be started. */
  static async prepare(args: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'eventwire-redis-'))
    return new RedisServer(await freePort(), folder, args)
  }

  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const server = await RedisServer.prepare(args)
    await server.start()
    return server
  }

  /** Starts the process, with all that it had written down, and waits until it answers. */
  async start(): Promise<void> {
    const always = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder]
    const child = spawn(path as string, [...own, ...always, ...this.#args], { stdio: 'ignore' })
    this.#process = child
    for (;;) {
      if (child.exitCode !== null) throw new Error('Redis ended before it answered')
      if ((await this.command('PING').catch(() => '')) === '+PONG') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends it at once, in the middle of whatever it does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const hasExited = once(child, 'exit')
    child.kill(signal)
    // A process that was suspended ends only when it goes on.
    child.kill('SIGCONT')
    await hasExited
  }

  /** Holds it: connections stay, and nothing is answered. */
  suspend(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it, and takes its files away. */
  async stop(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Runs one command on a connection of its own, and gives the first line of the answer, or all of a longer one. */
  async command(...words: string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
      socket.write(`*${words.length}\r\n${parts.join('')}`)
      let answer = ''
      while (!isComplete(answer)) {
        const [chunk] = (await once(socket, 'data')) as [Buffer]
        answer += chunk.toString()
      }
      return answer.startsWith('$') ? answer.slice(answer.indexOf('\n') + 1, -2) : answer.trimEnd()
    } finally {
      socket.destroy()
    }
  }

  /** Tells how many connections there are of a kind. */
  async count(kind: 'pubsub' | 'normal'): Promise<number> {
    return (await this.command('CLIENT', 'LIST', 'TYPE', kind)).match(/^id=/gm)?.length ?? 0
  }

  /** Cuts the connections of a kind: `'pubsub'` or `'normal'`. Gives how many there were. */
  async cut(kind: 'pubsub' | 'normal'): Promise<number> {
    return Number((await this.command('CLIENT', 'KILL', 'TYPE', kind)).slice(1))
  }
}

function isComplete(answer: string): boolean {
  if (!answer.endsWith('\r\n')) return false
  const [, bytes] = /^\$(\d+)\r\n/.exec(answer) ?? []
  return bytes === undefined || Buffer.byteLength(answer) >= Number(bytes) + bytes.length + 5
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Describes tests that need a Redis; without the program they are skipped, and the run's end says so. */
export function describeWithRedis(name: string, tests: (server: () => RedisServer) => void): void {
  describe.skipIf(path === undefined)(`${name} (Redis)`, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await RedisServer.start()
    })
    afterAll(() => server?.stop())
    tests(() => server)
  })
}
