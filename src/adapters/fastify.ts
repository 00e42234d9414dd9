// Streams on the replies of Fastify 5, and the plugin that closes them with their server.

import type { FastifyPluginAsync } from 'fastify'
import type { AnyEvents, EventMap } from '../contract.js'
import type { AcceptMode } from '../http.js'
import { wrongType } from '../misuse.js'
import { type CloseAllOptions, closingBy } from '../shutdown.js'
import type { SseStream } from '../stream.js'
import { closeStreamsOf, FastifyExchange, type Reply, type Request } from './fastify-exchange.js'
import {
  accepts,
  checkDefaults,
  OPEN_OPTIONS,
  type OpenStreamOptions,
  open,
  type RefuseOptions,
  receivedId,
  refuse as refuseExchange,
  stop as stopExchange,
  withDefaults,
} from './opening.js'

export type { Delivery } from './delivery.js'
export type { Instance, Reply, Request } from './fastify-exchange.js'
export type { NodeRequest } from './node-exchange.js'
export type { OpenStreamOptions, RefuseOptions } from './opening.js'
export type { NodeResponse } from './response-sink.js'
export type { StreamHeaders } from './stream-headers.js'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with an event stream: `openStream` of `eventwire/fastify` with this request and reply. There when
     * the plugin is registered; the handler returns the reply.
     */
    sse<M extends EventMap<M> = AnyEvents>(options?: OpenStreamOptions<M>): SseStream<M>
  }
}

/** What the plugin can be told. */
export interface PluginOptions extends OpenStreamOptions {
  /**
   * How `fastify.close()` closes the streams of its server: within what time, with what `retry`.
   *
   * @defaultValue the defaults of `closeAllStreams`
   */
  shutdown?: CloseAllOptions | undefined
}

/**
 * Answers a request with an event stream: `openStream` of `eventwire/node`, with which it shares everything but the
 * way out. The stream is the reply's payload: hooks run, headers and cookies are kept. The handler returns the reply.
 *
 * When the handler fails after that, the stream closes with the reason 'error', and Fastify reports the error: by
 * its `onError` hooks and its error handler, whose own answer is dropped where the head has left.
 *
 * @throws as of `openStream` of `eventwire/node`.
 */
export function openStream<M extends EventMap<M> = AnyEvents>(
  request: Request,
  reply: Reply,
  options: OpenStreamOptions<M> = {},
): SseStream<M> {
  checkRequest(request)
  return open<M>(new FastifyExchange(checked(reply), request), options)
}

/**
 * Answers 204, which ends the reconnecting of an EventSource for good.
 *
 * @throws as of `stop` of `eventwire/node`.
 */
export function stop(reply: Reply): void {
  stopExchange(new FastifyExchange(checked(reply)))
}

/**
 * Answers 503: there is no room for another stream now.
 *
 * @throws as of `refuse` of `eventwire/node`.
 */
export function refuse(reply: Reply, options: RefuseOptions = {}): void {
  refuseExchange(new FastifyExchange(checked(reply)), options)
}

/** Tells whether the request's `Accept` header admits an event stream: as of `acceptsEventStream` of `eventwire/node`. */
export function acceptsEventStream(request: Request, accept: AcceptMode = 'lenient'): boolean {
  checkRequest(request)
  return accepts(request.raw.headers.accept, accept)
}

/** Gives the id of the last event that the client has received: as of `lastEventIdOf` of `eventwire/node`. */
export function lastEventIdOf(request: Request): string {
  checkRequest(request)
  const { headers, url = '' } = request.raw
  return receivedId(headers['last-event-id'] as string | undefined, url)
}

/**
 * The plugin: adds `reply.sse(options?)`, whose defaults are its own options, and closes all streams of its server, with
 * the reason 'shutdown', when that closes.
 *
 * @throws its registration rejects with a `TypeError` or `RangeError` when an option is wrong.
 */
const plugin: FastifyPluginAsync<PluginOptions> = async (fastify, options) => {
  const { shutdown = {}, ...others } = options
  // Fastify, and what loads plugins from folders, has options of its own among them.
  const defaults = Object.fromEntries(
    Object.entries(others).filter(([name]) => (OPEN_OPTIONS as readonly string[]).includes(name)),
  )
  checkDefaults(defaults)
  closingBy(shutdown)
  fastify.decorateReply('sse', function (own: OpenStreamOptions = {}) {
    return openStream(this.request, this, withDefaults(defaults, own)) as never
  })
  fastify.addHook('preClose', async () => {
    await closeStreamsOf(fastify.server, shutdown)
  })
}

// Known to Fastify: the decorator is for those who register the plugin, not for a context of its own.
Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'eventwire',
  [Symbol.for('plugin-meta')]: { name: 'eventwire', fastify: '5.x' },
})

export default plugin

function checkRequest(request: Request): void {
  if (typeof request?.raw?.headers === 'object') return
  throw wrongType('`request`', 'a request of Fastify', request)
}

function checked(reply: Reply): Reply {
  if (typeof reply?.raw?.setHeader === 'function') return reply
  throw wrongType('`reply`', 'a reply of Fastify', reply)
}
