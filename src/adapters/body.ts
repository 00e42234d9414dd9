// The body that a framework pipes into its response, after its own hooks have run: how the stream gets at the
// response all the same.

import { Readable } from 'node:stream'
import type { SharedChunk } from '../chunk.js'
import type { Sink, SinkEnd, SinkListener } from '../sink.js'
import { Z_SYNC_FLUSH } from '../writable-sink.js'
import { hasLeft, type NodeResponse, type ResponseSink } from './response-sink.js'

/** What may wait for the framework without the stream being told that it is enough. */
const ROOM_BYTES = 16_384

/**
 * The readable side. Piped into the response that it was made for, it hands that response to the stream, which then writes
 * by itself; read in any other way, it is a Readable like others.
 */
export class StreamBody extends Readable {
  readonly #sink: BodySink

  constructor(sink: BodySink) {
    super({ read: () => sink.onRead() })
    this.#sink = sink
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    if (this.#sink.take(destination, options?.end !== false)) {
      destination.emit('pipe', this)
      return destination
    }
    const piped = super.pipe(destination, options)
    const compressor = destination as { flush?(kind: number | undefined): void }
    // As a sink would flush it, after the pipe's own write.
    if (typeof compressor.flush === 'function') {
      this.on('data', () => compressor.flush?.('_level' in compressor ? Z_SYNC_FLUSH : undefined))
    }
    return piped
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#sink.onBodyDestroyed(error)
    callback(error)
  }
}

/** How the chunks leave: not yet, by the response itself, or by whoever reads the body. */
type Lane = 'held' | 'direct' | 'read'

/** The stream's side. The life of the response is that of the connection, on every lane. */
export class BodySink implements Sink, SinkListener {
  readonly body: StreamBody
  /** Has the stream send something at once, for a reader that lets the head wait for it. */
  greet: (() => void) | undefined
  /** Hears that something else is sent in its place. */
  onReplaced: (() => void) | undefined
  readonly #response: ResponseSink
  readonly #target: NodeResponse
  readonly #coding: string | undefined
  #listener: SinkListener | undefined
  #lane: Lane = 'held'
  #held: (string | Uint8Array)[] = []
  #heldBytes = 0
  /** Whether ending the response is the framework's, once the body has ended. */
  #isEndedByFramework = true
  #isDrainDue = false
  #ending: 'usual' | 'last' | undefined
  #hasEnded = false

  /**
   * @param target - what the framework is going to pipe the body into: the response behind `response`
   * @param coding - `content-encoding`: set when the body begins, so that an answer in its place has none
   */
  constructor(response: ResponseSink, target: NodeResponse, coding: string | undefined) {
    this.#response = response
    this.#target = target
    this.#coding = coding
    this.body = new StreamBody(this)
  }

  get bufferedBytes(): number {
    return this.#heldBytes + this.body.readableLength + this.#response.bufferedBytes
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.#lane === 'direct') return this.#response.write(chunk)
    if (this.#lane === 'read') return this.#push(chunk)
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    this.#isDrainDue = this.#heldBytes > ROOM_BYTES
    return !this.#isDrainDue
  }

  writeShared(chunk: SharedChunk): boolean {
    if (this.#lane === 'direct') return this.#response.writeShared(chunk)
    return this.write(chunk.text)
  }

  end(isLast: boolean): void {
    this.#ending = isLast ? 'last' : 'usual'
    if (this.#lane !== 'held') this.#end()
  }

  destroy(isLast: boolean): void {
    this.#response.destroy(isLast)
    this.body.destroy()
  }

  attach(listener: SinkListener): void {
    this.#listener = listener
    this.#response.attach(this)
  }

  /** Begins to write to the response, if that is what the body is piped into. */
  take(destination: unknown, endsResponse = true): boolean {
    if (destination !== this.#target || this.#lane === 'read') return false
    if (this.#lane === 'held' && !this.#hasEnded) {
      this.#isEndedByFramework = !endsResponse
      this.#setCoding()
      this.#response.flushHead()
      this.#start('direct')
    }
    return true
  }

  /** Gives up what has not begun, in favour of the framework's answer to an error. Too late for that, it says `false`. */
  fail(error: Error): boolean {
    if (this.#lane !== 'held') return false
    this.onClose({ reason: 'error', error })
    return true
  }

  /** Someone else than the response reads the body, and wants more. */
  onRead(): void {
    if (this.#hasEnded || this.#lane === 'direct') return
    if (this.#lane === 'held') {
      this.#setCoding()
      this.#start('read')
    } else this.onDrain()
  }

  onBodyDestroyed(error: Error | null): void {
    // It is destroyed, too, when it has come to its end.
    if (this.#hasEnded || this.body.readableEnded) return
    const { writableFinished } = this.#target
    // The response tells of its own end itself, in some runtimes later than this. One that is still there has been
    // given something else to send.
    if (error === null && (writableFinished || hasLeft(this.#target))) return
    this.onClose(error === null ? { reason: 'ended' } : { reason: 'error', error })
    if (this.#lane === 'held') this.onReplaced?.()
    if (this.#lane === 'direct') this.#response.destroy(false)
  }

  onDrain(): void {
    if (!this.#isDrainDue && this.#lane === 'read') return
    this.#isDrainDue = false
    this.#listener?.onDrain()
  }

  onClose(end: SinkEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#held = []
    this.#heldBytes = 0
    // For those who wait for it, and to whom a client that left is no failure of the body.
    if (end.reason === 'ended' || this.#lane === 'held') this.#endBody()
    else this.body.destroy()
    this.#listener?.onClose(end)
  }

  #setCoding(): void {
    if (this.#coding !== undefined && !this.#target.headersSent) {
      this.#target.setHeader('content-encoding', this.#coding)
    }
  }

  #start(lane: Lane): void {
    this.#lane = lane
    if (lane === 'read') this.greet?.()
    const wasDrainDue = this.#isDrainDue
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    let hasRoom = true
    for (const chunk of held) hasRoom = this.write(chunk)
    this.#isDrainDue = wasDrainDue || !hasRoom
    if (this.#ending) this.#end()
    else if (wasDrainDue && hasRoom) this.onDrain()
  }

  #push(chunk: string | Uint8Array): boolean {
    const hasRoom = this.body.push(chunk)
    this.#isDrainDue = !hasRoom
    return hasRoom
  }

  #end(): void {
    const isLast = this.#ending === 'last'
    if (this.#isEndedByFramework) {
      if (isLast) this.#response.closeAfter()
      this.#endBody()
    } else this.#response.end(isLast)
  }

  #endBody(): void {
    // It is being destroyed: that is what those who wait for it are to hear.
    if (this.body.destroyed) return
    this.body.push(null)
    // On its own way nobody reads the body: it has to come to its end all the same.
    if (this.#lane !== 'read') this.body.resume()
  }
}
