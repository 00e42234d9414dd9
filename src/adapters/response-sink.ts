// A response of node:http, node:https or node:http2 as a sink: how chunks reach its socket, and how it ends.

import { EventEmitter } from 'node:events'
import { OutgoingMessage, type ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { SharedChunk } from '../chunk.js'
import { WritableSink } from '../writable-sink.js'

/** A response of `node:http`, `node:https` or `node:http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/** Tells whether the client has left, which Node's events may have told before, or be about to tell. */
export function hasLeft(
  response: NodeResponse,
  socket: { readonly destroyed: boolean } | null | undefined = response.socket,
): boolean {
  if ('stream' in response) return response.stream?.destroyed ?? true
  return response.destroyed || (socket?.destroyed ?? false)
}

/** What tells the streams that wait for a socket when it has closed. */
const lifelines = new WeakMap<Socket, EventEmitter>()

/**
 * Gives what tells of the close of `socket` by a 'close' of its own.
 *
 * A pipelined request waits for its turn to have the socket, and Node says nothing on its response if
 * the connection breaks until then. A client may pipeline any number of them: they share one listener.
 */
function lifelineOf(socket: Socket): EventEmitter {
  let lifeline = lifelines.get(socket)
  if (lifeline === undefined) {
    const made = new EventEmitter().setMaxListeners(0)
    socket.once('close', () => made.emit('close'))
    lifelines.set(socket, made)
    lifeline = made
  }
  return lifeline
}

/** What an HTTP/2 client cannot take for an end in good order: Node does so with CANCEL. */
const INTERNAL_ERROR = 2

const { write } = OutgoingMessage.prototype

/** A tool that came before this module may have replaced it for all responses: Node's own is known by its text. */
const isNodesOwn = String(write).includes('write_(this, chunk, encoding, callback')

/** What Node's responses do not show, and some runtimes do not have. */
interface Inside {
  readonly chunkedEncoding?: boolean
  readonly _headerSent?: boolean
}

/** A response as a sink. */
export class ResponseSink extends WritableSink {
  readonly #response: NodeResponse

  /** @param requestSocket - the connection, also while the response waits for its turn to have it */
  constructor(response: NodeResponse, requestSocket: Socket) {
    super(response, response.socket === null ? lifelineOf(requestSocket) : undefined)
    this.#response = response
  }

  // In HTTP/1.1 the same chunk has the same frame for every client. It is made once and written straight
  // to the socket, which is most of what `response.write` would do.
  writeShared(chunk: SharedChunk): boolean {
    const socket = this.#ownSocket()
    if (socket === undefined) return this.write(chunk.text)
    chunk.frame ??= Buffer.from(`${chunk.byteLength.toString(16)}\r\n${chunk.text}\r\n`)
    const hasRoom = socket.write(chunk.frame)
    // The socket may serve other requests after this one.
    if (!hasRoom) socket.once('drain', () => this.onDrain())
    return hasRoom
  }

  /** Gives the socket where writing to it is exactly what `response.write` would do with a framed chunk. */
  #ownSocket(): Socket | undefined {
    const response = this.#response as ServerResponse & Inside
    const { socket } = response
    return isNodesOwn &&
      // A middleware, or a class, has one of its own.
      response.write === write &&
      response.chunkedEncoding === true &&
      response._headerSent === true &&
      !response.writableEnded &&
      // Corked, it holds what was written before.
      response.writableCorked === 0 &&
      // Without a socket an earlier response of the connection still has it.
      socket?.writable === true
      ? socket
      : undefined
  }

  override destroy(isLast: boolean): void {
    const response = this.#response
    const stream = 'stream' in response ? response.stream : undefined
    // A session that is closed waits for its client, which does not read.
    const session = isLast ? stream?.session : undefined
    // Of itself Node resets the stream with NO_ERROR.
    stream?.close(INTERNAL_ERROR)
    super.destroy(isLast)
    session?.destroy()
  }

  override end(isLast: boolean): void {
    if (isLast) this.closeAfter()
    super.end(isLast)
  }

  /**
   * Sees to it that the connection ends with the response: a server that closes waits for its connections. HTTP/1.1
   * ones idle on for their keep-alive time, HTTP/2 sessions for as long as the client likes.
   */
  closeAfter(): void {
    const response = this.#response
    if ('stream' in response) response.stream?.session?.close()
    else {
      // The request's, which the response may have to wait for, and no longer has when it has finished.
      const socket = response.req?.socket
      response.once('finish', () => {
        // The last of those that are pipelined closes it.
        if (socket && !lifelines.get(socket)?.listenerCount('close')) socket.destroySoon()
      })
    }
  }

  /** Sends the head now, not with the first event. */
  flushHead(): void {
    // Also there in HTTP/2, though its types do not tell.
    ;(this.#response as ServerResponse).flushHeaders()
  }
}
