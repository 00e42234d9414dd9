// A plain HTTP client for both protocols, with the body as it arrives and a way to leave.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import http2 from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { vi } from 'vitest'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** What has arrived so far. */
  received(): string
  /** The same, as it came. */
  bytes(): Buffer
  /** Waits until `text` has arrived. */
  has(text: string): Promise<void>
  /** Waits for the end in good order, and gives the whole body. */
  whole: Promise<string>
  leave(): void
}

export interface Ask {
  method?: string
  path?: string
  headers?: Record<string, string>
}

export type Protocol = 'http/1.1' | 'h2'

export function ask(url: string, protocol: Protocol, options: Ask = {}): Promise<Answer> {
  return protocol === 'h2' ? askHttp2(url, options) : askHttp1(url, options)
}

function askHttp1(url: string, { method = 'GET', path = '/', headers = {} }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const request = send(
      new URL(path, url),
      { method, headers, agent: false, rejectUnauthorized: false },
      (response) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          ...reading(response),
          leave: () => response.destroy(),
        }),
    )
    request.on('error', reject).end()
  })
}

function askHttp2(url: string, { method = 'GET', path = '/', headers = {} }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { rejectUnauthorized: false })
    session.on('error', reject)
    const request = session.request({ ':path': path, ':method': method, ...headers })
    request.on('close', () => session.close())
    request.on('response', (received) => {
      const { ':status': status = 0, ...rest } = received
      resolve({
        status,
        headers: rest,
        ...reading(request),
        leave: () => request.close(http2.constants.NGHTTP2_CANCEL),
      })
    })
    request.end()
  })
}

function reading(readable: NodeJS.ReadableStream) {
  const chunks: Buffer[] = []
  const bytes = () => Buffer.concat(chunks)
  const received = () => bytes().toString()
  readable.on('data', (chunk: Buffer) => chunks.push(chunk))
  const whole = new Promise<string>((resolve, reject) => {
    readable.on('end', () => resolve(received()))
    readable.on('error', reject)
    readable.on('aborted', () => reject(new Error('The response was cut')))
  })
  // Most tests leave before the end, and do not look.
  whole.catch(() => {})
  return {
    received,
    bytes,
    has: async (text: string) => {
      await vi.waitUntil(() => received().includes(text), { timeout: 15_000 })
    },
    whole,
  }
}

/** Sends a request whose answer nobody waits for; the client leaves when told to. */
export function askInVain(url: string, protocol: Protocol): { leave(): void } {
  if (protocol === 'h2') {
    const session = http2.connect(url, { rejectUnauthorized: false })
    session.on('error', () => {})
    session
      .request({ ':path': '/' })
      .on('error', () => {})
      .end()
    return { leave: () => session.destroy() }
  }
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const request = send(url, { agent: false, rejectUnauthorized: false })
  request.on('error', () => {}).end()
  return { leave: () => request.destroy() }
}
