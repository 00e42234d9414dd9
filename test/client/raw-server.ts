// A server that writes its bytes itself, and keeps those of its requests.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** One request, and the way to answer it. Text is latin1: a character is a byte. */
export class RawRequest {
  readonly method: string
  readonly path: string
  readonly #head: string[]
  readonly body: string
  readonly socket: Socket
  /** Settles when the connection is gone, from whichever side. */
  readonly gone: Promise<unknown>

  constructor(head: string, body: string, socket: Socket) {
    const [line = '', ...fields] = head.split('\r\n')
    const [method = '', path = ''] = line.split(' ')
    this.method = method
    this.path = path
    this.#head = fields
    this.body = body
    this.socket = socket
    // A client may leave by a reset, which is an error before it is a close.
    this.gone = new Promise((resolve) => socket.on('close', resolve))
  }

  /** The values of a header, as bytes. */
  values(name: string): string[] {
    return this.#head
      .filter((field) => field.toLowerCase().startsWith(`${name}:`))
      .map((field) => field.slice(name.length + 1).trimStart())
  }

  /** Answers with a head, and all of a body if one is given. */
  answer(status: number, headers: Record<string, string> = {}, body?: string): this {
    // No `connection: close`: Node's fetch takes any end of such a connection for one in good order.
    const fields = Object.entries({
      ...(body === undefined
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    })
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    this.socket.write(`HTTP/1.1 ${status} Some Reason\r\n${lines}\r\n`, 'latin1')
    if (body !== undefined) this.socket.write(body)
    return this
  }

  /** Opens an event stream, and writes this of it. */
  stream(text = '', headers: Record<string, string> = {}): this {
    this.answer(200, { 'content-type': 'text/event-stream', ...headers })
    return text === '' ? this : this.write(text)
  }

  write(text: string | Buffer): this {
    const bytes = Buffer.from(text)
    this.socket.write(`${bytes.length.toString(16)}\r\n`)
    this.socket.write(bytes)
    this.socket.write('\r\n')
    return this
  }

  /** Ends the response in good order; the connection may be used again. */
  end(): void {
    this.socket.write('0\r\n\r\n')
  }

  /** Cuts the connection once what was written has left. */
  cut(): void {
    this.socket.destroySoon()
  }
}

export class RawServer {
  readonly requests: RawRequest[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #waiting: ((request: RawRequest) => void)[] = []
  #given = 0

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async start(): Promise<RawServer> {
    const server = new RawServer()
    await once(server.#server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** Gives the next request that has come, or comes. */
  next(): Promise<RawRequest> {
    const request = this.requests[this.#given++]
    if (request !== undefined) return Promise.resolve(request)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket.setMaxListeners(0))
    // A client that leaves may reset the connection.
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = received.slice(0, end)
      const isChunked = /^transfer-encoding: *chunked/im.test(head)
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (isChunked ? !received.endsWith('\r\n0\r\n\r\n') : received.length < end + 4 + length)
        return
      const body = received.slice(end + 4)
      const request = new RawRequest(head, isChunked ? joinedChunks(body) : body, socket)
      received = ''
      this.requests.push(request)
      this.#waiting.shift()?.(request)
    })
  }
}

/** Takes a body out of its chunks, which are text without line breaks. */
function joinedChunks(body: string): string {
  return body
    .split('\r\n')
    .filter((_line, index) => index % 2 === 1)
    .join('')
}
