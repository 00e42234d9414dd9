// A server with one client that nothing happens to: what befalls the others must not be felt by it, nor leave anything.

import { createServer, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import tls from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { type OpenStreamOptions, openStream } from '../../src/adapters/node.js'
import {
  type AnyEvents,
  SseChannel,
  type SseChannelOptions,
  type SseStream,
  streamStats,
} from '../../src/index.js'
import { type Answer, ask } from '../adapters/client.js'
import { certificate } from '../certificate.js'
import { turn } from '../fake-sink.js'
import { readText } from '../parsing/standard.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Sockets and servers of this process. */
const handles = () =>
  process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Pipe)/.test(name)).length

export const HEAD = 'GET /victim HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n'

const LARGE = 'x'.repeat(262_144)

interface SceneOptions {
  isSecure?: boolean
  /** Of the victims' streams. */
  stream?: OpenStreamOptions
  channel?: SseChannelOptions<AnyEvents>
  /** What is done with a victim's stream besides subscribing it. */
  onVictim?: (stream: SseStream, res: ServerResponse) => void
}

export class Scene {
  readonly channel: SseChannel
  readonly port: number
  /** How the victims' streams closed. */
  readonly reasons: string[] = []
  #victims = 0
  readonly #handlesBefore: number
  readonly #openBefore: number
  readonly #server: Server
  readonly #streams: WeakRef<SseStream>[] = []
  readonly #published: string[] = []
  readonly #unexpected: unknown[] = []
  #bystander: Answer | undefined
  #bystanderStream: SseStream | undefined
  #marks = 0
  readonly #note = (what: unknown) => this.#unexpected.push(what)

  private constructor(server: Server, options: SceneOptions, handlesBefore: number) {
    this.#server = server
    this.#handlesBefore = handlesBefore
    this.#openBefore = streamStats().open
    this.port = (server.address() as AddressInfo).port
    this.channel = new SseChannel(options.channel)
    process.on('warning', this.#note)
    server.on('request', (req, res) => {
      const isVictim = req.url === '/victim'
      const stream = openStream(req, res, isVictim ? options.stream : {})
      if (!isVictim) {
        this.#bystanderStream = stream
        void this.channel.subscribe(stream)
      } else {
        this.#victims++
        this.#streams.push(new WeakRef(stream))
        void stream.closed.then(({ reason }) => this.reasons.push(reason))
        if (options.onVictim === undefined) void this.channel.subscribe(stream)
        else options.onVictim(stream, res)
      }
    })
  }

  static async open(options: SceneOptions = {}): Promise<Scene> {
    const before = handles()
    const server = options.isSecure ? https.createServer(await certificate()) : createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const scene = new Scene(server, options, before)
    scene.#bystander = await ask(
      `${options.isSecure ? 'https' : 'http'}://127.0.0.1:${scene.port}`,
      'http/1.1',
      { headers: { accept: 'text/event-stream' } },
    )
    return scene
  }

  /** A connection whose bytes the test decides on. */
  dial(): Socket {
    return connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true }).on(
      'error',
      () => {},
    )
  }

  /** The same under TLS, with the connection below it. */
  async dialSecurely(): Promise<{ raw: Socket; secure: tls.TLSSocket }> {
    const raw = this.dial()
    const secure = tls.connect({ socket: raw, rejectUnauthorized: false })
    secure.on('error', () => {})
    await new Promise((resolve) => secure.once('secureConnect', resolve))
    return { raw, secure }
  }

  /** The victim's stream, while it is open. Keep it in no variable: it is to be seen whether anything else does. */
  get victim(): SseStream {
    return this.#streams.at(-1)?.deref() as SseStream
  }

  /** Waits until so many victims have been let in. */
  async has(victims: number): Promise<void> {
    await expect.poll(() => this.#victims).toBe(victims)
  }

  async publish(data: string): Promise<void> {
    this.#published.push(data)
    await this.channel.publish({ data })
  }

  /**
   * Publishes until the kernel has taken all that it takes for a client that does not read, as fast as the
   * bystander does.
   */
  async fill(): Promise<void> {
    for (let i = 0; i < 60; i++) {
      await this.publish(`${i}${LARGE}`)
      await this.#bystanderStream?.drained()
      await turn()
    }
  }

  /** The bystander has everything, in order, on its one connection, and is served on; nothing of the victims is left. */
  async expectCalm(): Promise<void> {
    const bystander = this.#bystander as Answer
    await expect.poll(() => this.reasons.length).toBe(this.#victims)
    expect(streamStats().open).toBe(this.#openBefore + 1)
    await expect.poll(() => this.channel.size).toBe(1)
    const last = `mark ${this.#marks++}`
    await this.publish(last)
    await bystander.has(`data: ${last}\n\n`)
    expect(readText(bystander.received()).events.map(({ data }) => data)).toEqual(this.#published)
    await expect.poll(() => this.#connections()).toBe(1)

    await expect
      .poll(async () => {
        await turn()
        collectGarbage()
        return this.#streams.filter((stream) => stream.deref() !== undefined).length
      })
      .toBe(0)
    expect(this.#unexpected).toEqual([])
  }

  #connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)))
  }

  async close(): Promise<void> {
    this.#bystander?.leave()
    await this.channel.close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
    process.off('warning', this.#note)
    await expect.poll(() => streamStats().open).toBe(this.#openBefore)
    await expect.poll(handles).toBeLessThanOrEqual(this.#handlesBefore)
  }
}
