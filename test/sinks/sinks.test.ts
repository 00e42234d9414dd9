// Each kind of connection that a stream writes to, held to the contract of sinks.

import { createServer, get, type IncomingMessage } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { createBrotliCompress, createBrotliDecompress, createGunzip, createGzip } from 'node:zlib'
import type { WritableLike } from '../../src/writable-sink.js'
import { type Connection, describeSink } from './contract.js'

/** Reads as a client does, as fast as the test wants. */
function reader(readable: NodeJS.ReadableStream) {
  const chunks: Buffer[] = []
  readable.on('data', (chunk: Buffer) => chunks.push(chunk))
  readable.on('error', () => {})
  return {
    received: () => Buffer.concat(chunks).toString(),
    pause: () => void readable.pause(),
    resume: () => void readable.resume(),
  }
}

async function listen(
  server: ReturnType<typeof createServer> | http2.Http2Server,
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function passThrough(): Promise<Connection> {
  const sink = new PassThrough()
  return { sink, ...reader(sink), leave: () => {}, close: async () => void sink.destroy() }
}

function compressed(compressor: () => PassThrough, decompressor: () => PassThrough) {
  return async (): Promise<Connection> => {
    const sink = compressor()
    return {
      sink,
      ...reader(sink.pipe(decompressor())),
      leave: () => {},
      close: async () => void sink.destroy(),
    }
  }
}

async function http(): Promise<Connection> {
  let answer: (response: WritableLike) => void = () => {}
  const answered = new Promise<WritableLike>((resolve) => {
    answer = resolve
  })
  const server = createServer((_req, res) => {
    res.flushHeaders()
    answer(res)
  })
  const port = await listen(server)
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ port, host: '127.0.0.1', agent: false }, resolve),
  )
  return {
    sink: await answered,
    ...reader(response),
    leave: () => void response.destroy(),
    close: async () => {
      response.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function overHttp2(): Promise<Connection> {
  let answer: (response: WritableLike) => void = () => {}
  const answered = new Promise<WritableLike>((resolve) => {
    answer = resolve
  })
  const server = http2.createServer((_req, res) => {
    res.writeHead(200)
    answer(res as unknown as WritableLike)
  })
  const port = await listen(server)
  const session = http2.connect(`http://127.0.0.1:${port}`)
  const request = session.request({ ':path': '/' })
  return {
    sink: await answered,
    ...reader(request),
    leave: () => request.close(http2.constants.NGHTTP2_CANCEL),
    close: async () => {
      session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describeSink('a PassThrough', { seesClientLeave: false }, passThrough)
describeSink(
  'gzip',
  { seesClientLeave: false },
  compressed(
    () => createGzip() as never,
    () => createGunzip() as never,
  ),
)
describeSink(
  'brotli',
  { seesClientLeave: false },
  compressed(
    () => createBrotliCompress({ params: {} }) as never,
    () => createBrotliDecompress() as never,
  ),
)
describeSink('a response of node:http', { seesClientLeave: true }, http)
describeSink('a response of node:http2', { seesClientLeave: true }, overHttp2)
