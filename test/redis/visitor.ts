// A client that reads a channel's events, comes back when it is cut, and keeps all that it has seen.

import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import { createParser } from 'eventsource-parser'
import { vi } from 'vitest'

export interface Seen {
  event: string
  data: string
  id: string
}

export class Visitor {
  readonly seen: Seen[] = []
  /** How often it was connected. */
  connections = 0
  comments = 0
  lastEventId: string
  readonly #path: string
  #url: string
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  #isGone = false

  private constructor(url: string, path: string, lastEventId: string) {
    this.#url = url
    this.#path = path
    this.lastEventId = lastEventId
  }

  /** Connects, and waits until the stream is open. */
  static async connect(url: string, channel = 'main', lastEventId = ''): Promise<Visitor> {
    const visitor = new Visitor(url, `/events?channel=${encodeURIComponent(channel)}`, lastEventId)
    visitor.#connect()
    await vi.waitUntil(() => visitor.connections > 0, { timeout: 10_000 })
    return visitor
  }

  get data(): string[] {
    return this.seen.map(({ data }) => data)
  }

  get gaps(): Seen[] {
    return this.seen.filter(({ event }) => event === 'gap')
  }

  /** Waits until it knows a position to come back to. */
  async knowsPosition(): Promise<void> {
    await vi.waitUntil(() => this.lastEventId !== '', { timeout: 10_000 })
  }

  async hasSeen(count: number, timeout = 10_000): Promise<void> {
    await vi.waitUntil(() => this.seen.length >= count, { timeout })
  }

  /** From now on it goes to another node. */
  moveTo(url: string): void {
    this.#url = url
    this.#response?.destroy()
  }

  leave(): void {
    this.#isGone = true
    this.#request?.destroy()
    this.#response?.destroy()
  }

  #connect(): void {
    if (this.#isGone) return
    const headers = { accept: 'text/event-stream', 'last-event-id': this.lastEventId }
    const request = get(new URL(this.#path, this.#url), { headers, agent: false })
    this.#request = request
    const again = () => setTimeout(() => this.#connect(), 20)
    request.on('error', again)
    request.on('response', (response) => {
      this.#response = response
      this.connections++
      this.#read(response)
      response.on('error', () => {})
      response.on('close', again)
    })
  }

  #read(response: IncomingMessage): void {
    const parser = createParser({
      onEvent: ({ event = 'message', data, id }) => {
        if (id !== undefined) this.lastEventId = id
        this.seen.push({ event, data, id: id ?? '' })
      },
      onComment: () => this.comments++,
    })
    // A block with nothing but an id dispatches nothing, and counts all the same.
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      parser.feed(chunk)
      text += chunk
      const complete = text.lastIndexOf('\n\n') + 2
      if (complete < 2) return
      const id = text
        .slice(0, complete)
        .match(/^id: (.*)$/gm)
        ?.at(-1)
      if (id !== undefined) this.lastEventId = id.slice('id: '.length)
      text = text.slice(complete)
    })
  }
}
