// Frameworks that pipe a body: hooks run, and chunks go straight to the socket all the same.

import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import Koa2 from 'koa2'
import { describe, expect, test, vi } from 'vitest'
import { openStream } from '../../src/adapters/express.js'
import { openStream as openOnFastify } from '../../src/adapters/fastify.js'
import { openStream as openOnKoa } from '../../src/adapters/koa.js'
import { SseChannel, type SseStream } from '../../src/index.js'
import { ask } from './client.js'

const FRAMEWORKS: Record<string, (opened: (stream: SseStream) => void) => http.RequestListener> = {
  Express: (opened) => express().use((req, res) => opened(openStream(req, res))),
  Fastify: (opened) => {
    const app = fastify()
    app.addHook('onSend', async (_request, reply) => void reply.header('x-hook', 'ran'))
    app.get('/', (request, reply) => {
      opened(openOnFastify(request, reply))
      return reply
    })
    return (req, res) => void app.ready().then(() => app.routing(req, res))
  },
  Koa: (opened) => new Koa().use((ctx) => opened(openOnKoa(ctx))).callback(),
  'Koa 2': (opened) => new Koa2().use((ctx) => opened(openOnKoa(ctx))).callback(),
}

describe.each(Object.entries(FRAMEWORKS))('a channel in %s', (_name, listenerFor) => {
  test('is written as one frame for all clients, straight to their sockets', async () => {
    const channel = new SseChannel()
    const streams: SseStream[] = []
    const sockets: Socket[] = []
    const listener = listenerFor((stream) => {
      streams.push(stream)
      void channel.subscribe(stream)
    })
    const server = http.createServer(listener).on('connection', (socket) => sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const answers = [await ask(url, 'http/1.1'), await ask(url, 'http/1.1')]
    const frames: unknown[] = []
    for (const socket of sockets) {
      vi.spyOn(socket, 'write').mockImplementation(function (this: Socket, ...args) {
        frames.push(args[0])
        return (Object.getPrototypeOf(this) as Socket).write.apply(this, args as never)
      })
    }
    await channel.publish({ data: 'shared' })
    for (const answer of answers) await answer.has('data: shared\n\n')
    expect(frames).toHaveLength(2)
    expect(Buffer.isBuffer(frames[0])).toBe(true)
    expect(frames[0]).toBe(frames[1])
    for (const stream of streams) void stream.end()
    for (const answer of answers) await answer.whole
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})
