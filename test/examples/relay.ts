// A wire between a page and its server that can be cut.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export class Relay {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => this.#join(client))
  #port: number
  #isCut = false

  constructor(url: string) {
    this.#port = Number(new URL(url).port)
  }

  async open(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
  }

  /** Where the page goes. It stays the same when the server is another. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Cuts all connections; new ones are cut at once. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Lets connections through again, to another server if its URL is given. */
  mend(url?: string): void {
    if (url !== undefined) this.#port = Number(new URL(url).port)
    this.#isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    if (this.#isCut) {
      client.destroy()
      return
    }
    const server = connect(this.#port, '127.0.0.1')
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      // A connection that breaks is what this is for; the other side learns of it by the close.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}
