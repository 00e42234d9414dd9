// Two servers of one feed, as a proxy balances between them: in one process, on one log.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openStream } from '../../src/adapters/node.js'
import { closeAllStreams, MemoryLog, SseChannel } from '../../src/index.js'

export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

export interface Upstream {
  readonly port: number
  /** How many requests of the feed it has taken. */
  readonly feeds: number
  /** Dies as a process does: its connections are reset, and new ones refused. */
  die(): Promise<void>
}

export class Upstreams {
  /** Answers what is not `/feed`. */
  handle: Handler = () => {}
  readonly #log = new MemoryLog()
  readonly #channels: SseChannel[] = []
  readonly #servers: Server[] = []
  readonly all: Upstream[] = []

  async start(): Promise<this> {
    for (let i = 0; i < 2; i++) this.all.push(await this.#startOne())
    return this
  }

  get ports(): [number, number] {
    const [one, other] = this.all as [Upstream, Upstream]
    return [one.port, other.port]
  }

  /** Publishes at the first server: what the other has of it, it has from the log. */
  publish(data: string): Promise<string> {
    return (this.#channels[0] as SseChannel).publish({ data })
  }

  async stop(): Promise<void> {
    await closeAllStreams({ withinMs: 0 })
    for (const server of this.#servers) await close(server)
    for (const channel of this.#channels) await channel.close()
    await this.#log.close()
  }

  async #startOne(): Promise<Upstream> {
    const channel = new SseChannel({ name: 'feed', log: this.#log })
    let feeds = 0
    const server = createServer((req, res) => {
      if (req.url !== '/feed') return this.handle(req, res)
      feeds++
      return channel.subscribe(openStream(req, res, { retryMs: 10, heartbeatMs: false }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#channels.push(channel)
    this.#servers.push(server)
    return {
      port: (server.address() as AddressInfo).port,
      get feeds() {
        return feeds
      },
      die: () => close(server),
    }
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
